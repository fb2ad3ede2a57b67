import Transport

extension EtcdClient {
    /// The number of keys in the member's store, from its metric `etcd_debugging_mvcc_keys_total`.
    ///
    /// It equals a count of the whole keyspace and, unlike that, costs the member nothing (found to be exact on etcd
    /// 3.4.23, also after deletions, compaction and restart). Nil if the endpoint serves no metrics, or not this one.
    ///
    /// - Throws: `EtcdError` if the endpoint gives no answer.
    public func keysTotal(timeout: Duration? = nil) async throws(EtcdError) -> Int64? {
        let response: HTTPClientResponse
        do {
            response = try await http.send(HTTPClientRequest(path: "/metrics", timeout: timeout ?? self.timeout))
        } catch {
            let code: EtcdError.Code =
                switch error.kind {
                case .cancelled: .cancelled
                case .deadlineExceeded: .timeout
                case .invalidRequest: .invalidArgument
                case .tooLong: .malformedResponse
                case .unavailable: .unavailable
                }
            throw EtcdError(
                code, error.message, endpoint: endpoint.url, wasSent: error.wasSent, isIdempotent: true)
        }
        guard response.status == 200 else { return nil }
        return Self.metric("etcd_debugging_mvcc_keys_total", in: response.text).map { Int64($0) }
    }

    /// The value of a metric without labels in Prometheus's text format.
    static func metric(_ name: String, in text: String) -> Double? {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.split(separator: " ")
            if words.count >= 2, words[0] == name { return Double(words[1]) }
        }
        return nil
    }
}
