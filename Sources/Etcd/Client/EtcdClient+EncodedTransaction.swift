import Transport

extension EtcdClient {
    /// Applies an encoded `TxnRequest` and tells only whether its conditions held, and at which revision.
    ///
    /// For who writes many keys in one transaction: the answers to the single operations are not looked at.
    package func commit(
        encodedTransaction request: [UInt8], isIdempotent: Bool, timeout: Duration
    ) async throws(EtcdError) -> (header: ResponseHeader, succeeded: Bool) {
        let message = try await unary(.txn, request, CallOptions(timeout: timeout, isIdempotent: isIdempotent))
        do {
            return try message.decode { (bytes) throws(ProtobufError) in
                var answer = (header: ResponseHeader(), succeeded: false)
                var reader = ProtobufReader(bytes)
                while let field = try reader.next() {
                    switch field.number {
                    case 1: answer.header = try reader.message(ResponseHeader.self, field)
                    case 2: answer.succeeded = try reader.bool(field)
                    default: try reader.skip(field)
                    }
                }
                return answer
            }
        } catch {
            throw malformed(error, isIdempotent: isIdempotent)
        }
    }
}
