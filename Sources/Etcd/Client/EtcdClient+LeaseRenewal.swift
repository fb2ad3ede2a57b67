import Transport

extension EtcdClient {
    /// Renews several leases over one stream.
    ///
    /// - Returns: an answer for each of them in their order; one that has ended has no time left to live.
    /// - Throws: `EtcdError` if the stream fails; some of the leases may be renewed then.
    public func leaseKeepAliveOnce(_ ids: [Int64]) async throws(EtcdError) -> [LeaseGrant] {
        guard !ids.isEmpty else { return [] }
        let (stream, _) = try await open(.leaseKeepAlive, idleTimeout: timeout)
        defer { stream.cancel() }
        for id in ids {
            var writer = ProtobufWriter()
            writer.int64(1, id)
            stream.send(writer.bytes)
        }
        stream.finishSending()
        var answers: [LeaseGrant] = []
        while answers.count < ids.count {
            let message: GRPCMessage?
            do {
                message = try await stream.next()
            } catch {
                throw EtcdError(error, isIdempotent: true)
            }
            guard let message else {
                throw EtcdError(
                    .unavailable, "the stream of renewals ended after \(answers.count) of \(ids.count) answers",
                    endpoint: endpoint.url, isIdempotent: true)
            }
            do {
                answers.append(try message.decode(LeaseGrant.init(decoding:)))
            } catch {
                throw malformed(error)
            }
        }
        return answers
    }
}
