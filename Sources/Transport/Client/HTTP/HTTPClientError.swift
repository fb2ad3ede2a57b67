/// An HTTP request without an answer, or a connection that could not be made.
///
/// An answer with a status of 400 and above is an answer, not an error.
public struct HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Kind: Sendable, Hashable {
        /// The caller gave it up.
        case cancelled
        /// It took too long.
        case deadlineExceeded
        /// The request itself is malformed.
        case invalidRequest
        /// The answer is longer than the request allows.
        case tooLong
        /// There is no connection, or it broke.
        case unavailable
    }

    /// Why a request cannot be made.
    struct Invalid: Error {
        let sentence: String
    }

    /// What kind of failure it is.
    public let kind: Kind
    /// A sentence about what happened.
    public let message: String
    /// The URL of the server.
    public let endpoint: String
    /// Whether the request reached the server.
    public let wasSent: Sent
    /// Whether the same request may be sent again without the risk of a second effect.
    public let isRetryable: Bool

    init(_ kind: Kind, _ message: String, endpoint: String, wasSent: Sent, isIdempotent: Bool) {
        self.kind = kind
        self.message = message
        self.endpoint = endpoint
        self.wasSent = wasSent
        isRetryable =
            switch kind {
            case .cancelled, .invalidRequest, .tooLong: false
            case .deadlineExceeded, .unavailable: wasSent == .no || isIdempotent
            }
    }

    init(_ failure: TransferFailure, _ outcome: TransferOutcome, endpoint: String, isIdempotent: Bool) {
        let kind: Kind =
            switch failure {
            case .cancelled: .cancelled
            case .library(code: 3, _): .invalidRequest
            case _ where failure.isDeadline: .deadlineExceeded
            default: .unavailable
            }
        self.init(
            kind, failure.sentence, endpoint: endpoint, wasSent: outcome.wasStarted ? .unknown : .no,
            isIdempotent: isIdempotent)
    }

    init(_ invalid: Invalid, endpoint: String) {
        self.init(.invalidRequest, invalid.sentence, endpoint: endpoint, wasSent: .no, isIdempotent: false)
    }

    /// Endpoint and message in one sentence.
    public var description: String {
        let doubt = wasSent == .unknown && !isRetryable && kind != .cancelled
        return "\(endpoint): \(message)\(doubt ? "; the request may have taken effect" : "")"
    }
}
