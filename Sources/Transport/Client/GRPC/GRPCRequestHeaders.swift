/// The header lines of a gRPC request (gRPC over HTTP/2, "Requests").
enum GRPCRequestHeaders {
    /// A metadata entry that cannot be a header.
    struct Invalid: Error {
        let name: String

        /// The error of the call that wanted it.
        ///
        /// The value is left out, as it may be a secret.
        func error(endpoint: String) -> GRPCError {
            GRPCError(
                code: .invalidArgument,
                message:
                    "metadata \"\(name)\" is not a valid header: use letters in the name and no control characters",
                endpoint: endpoint, wasSent: .no, isTransport: true, isIdempotent: false)
        }
    }

    /// The lines.
    static func make(_ options: CallOptions) -> Result<[String], Invalid> {
        // An empty "accept" and "expect" keep libcurl from sending its own.
        var lines = ["content-type: application/grpc+proto", "te: trailers", "accept:", "expect:"]
        for (name, value) in options.metadata {
            guard let line = HeaderLine.make(name, value) else {
                return .failure(Invalid(name: name))
            }
            lines.append(line)
        }
        return .success(lines)
    }
}
