/// A gRPC call that did not succeed.
public struct GRPCError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is.
    public let code: GRPCCode
    /// The server's message, or a sentence about what happened to the connection.
    public let message: String
    /// The URL of the server that was asked.
    public let endpoint: String
    /// Whether the request reached the server.
    public let wasSent: Sent
    /// Whether the server never gave a status, so that code and message are the client's own.
    public let isTransport: Bool
    /// Whether client and server could not prove to each other who they are: certificates, authorities, TLS itself.
    public let isOfTrust: Bool
    /// Whether the same request may be sent again, here or to another server, without the risk of a second effect.
    ///
    /// A request that was not sent always may. One that was, or perhaps was, may if it is idempotent and the failure is
    /// of the passing kind: the server was unavailable, did not answer in time, or the connection broke.
    public let isRetryable: Bool

    /// Creates an error and decides from its facts whether the request may be sent again.
    public init(
        code: GRPCCode, message: String, endpoint: String, wasSent: Sent, isTransport: Bool,
        isOfTrust: Bool = false, isIdempotent: Bool
    ) {
        self.code = code
        self.message = message
        self.endpoint = endpoint
        self.wasSent = wasSent
        self.isTransport = isTransport
        self.isOfTrust = isOfTrust
        self.isRetryable =
            switch (wasSent, code) {
            case (_, .cancelled), (_, .invalidArgument): false
            case (.no, _): true
            case (_, .unavailable), (_, .deadlineExceeded): isIdempotent
            case (_, .unknown), (_, .internal): isIdempotent && isTransport
            default: false
            }
    }

    /// Endpoint, code and message in one sentence.
    public var description: String {
        let doubt = isTransport && wasSent == .unknown ? "; the request may have taken effect" : ""
        return "\(endpoint): \(message) (\(code)\(doubt))"
    }
}
