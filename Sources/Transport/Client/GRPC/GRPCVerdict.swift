/// Judges the end of a gRPC call from all that is known of it.
///
/// A status that arrived is authoritative, whatever libcurl says of the rest; then comes libcurl's error, then what HTTP
/// says, and at last whether the body ended where a message ends.
struct GRPCVerdict {
    /// The URL of the server, for errors.
    let endpoint: String
    /// Whether the request may be sent again after it had been sent.
    let isIdempotent: Bool

    /// The error of a call, or `nil` if it ended well.
    ///
    /// `isComplete` says that the body ended with a whole message; `mayLackStatus` accepts an answer without a status,
    /// since libcurl sometimes loses it.
    func error(
        _ outcome: TransferOutcome, _ status: GRPCStatusReader, isComplete: Bool, mayLackStatus: Bool
    ) -> GRPCError? {
        if let code = status.code {
            return error(status: code, status.message, isComplete: isComplete)
        }
        if let failure = outcome.failure {
            return error(failure, outcome)
        }
        if !outcome.isHTTP2 || outcome.httpStatus != 200 || !status.isGRPC {
            return notGRPC(outcome, status)
        }
        if !isComplete {
            return transport(.internal, "the answer ended in the middle of a message", .unknown)
        }
        return mayLackStatus ? nil : transport(.unknown, "the answer ended without a status", .unknown)
    }

    /// The error for what the client itself found wrong with an answer.
    func badAnswer(_ sentence: String) -> GRPCError { transport(.internal, sentence, .yes) }

    /// The error of a call that its caller gave up.
    var cancelled: GRPCError { transport(.cancelled, TransferFailure.cancelled.sentence, .unknown) }

    private func error(status code: GRPCCode, _ message: String, isComplete: Bool) -> GRPCError? {
        switch code {
        case .ok:
            return isComplete ? nil : transport(.internal, "the answer ended in the middle of a message", .yes)
        case .unknown where message == "context deadline exceeded":
            // etcd forwards Go's error text without a code of its own.
            return server(.deadlineExceeded, message)
        case .unknown where message == "context canceled":
            return server(.cancelled, message)
        default:
            return server(code, message)
        }
    }

    private func error(_ failure: TransferFailure, _ outcome: TransferOutcome) -> GRPCError {
        let code: GRPCCode =
            switch failure {
            case .cancelled: .cancelled
            case _ where failure.isDeadline: .deadlineExceeded
            case .library(code: 3, _): .invalidArgument
            default: .unavailable
            }
        return transport(
            code, failure.sentence, outcome.wasStarted ? .unknown : .no, isOfTrust: failure.isOfTrust)
    }

    /// Something answered that does not speak gRPC ("HTTP to gRPC Status Code Mapping").
    private func notGRPC(_ outcome: TransferOutcome, _ status: GRPCStatusReader) -> GRPCError {
        let code: GRPCCode =
            switch outcome.httpStatus {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        let version = outcome.isHTTP2 ? "HTTP/2" : "HTTP/1.1"
        let type = status.contentType.isEmpty ? "" : ", \(status.contentType)"
        return transport(code, "no gRPC server there: it answered \(version) \(outcome.httpStatus)\(type)", .yes)
    }

    private func server(_ code: GRPCCode, _ message: String) -> GRPCError {
        GRPCError(
            code: code, message: message, endpoint: endpoint, wasSent: .yes, isTransport: false,
            isIdempotent: isIdempotent)
    }

    private func transport(
        _ code: GRPCCode, _ message: String, _ wasSent: Sent, isOfTrust: Bool = false
    ) -> GRPCError {
        GRPCError(
            code: code, message: message, endpoint: endpoint, wasSent: wasSent, isTransport: true,
            isOfTrust: isOfTrust, isIdempotent: isIdempotent)
    }
}
