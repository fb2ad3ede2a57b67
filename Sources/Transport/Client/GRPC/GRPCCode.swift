/// The outcome of a gRPC call, by the numbers of the gRPC specification ("Status codes and their use in gRPC").
public enum GRPCCode: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Success; never the code of an error.
    case ok = 0
    /// The caller gave the call up.
    case cancelled = 1
    /// No better code is known.
    case unknown = 2
    /// The request is wrong whatever the state of the server.
    case invalidArgument = 3
    /// No answer in time; the call may have taken effect.
    case deadlineExceeded = 4
    /// What was asked for is not there.
    case notFound = 5
    /// What was to be created is already there.
    case alreadyExists = 6
    /// The caller is known but may not do this.
    case permissionDenied = 7
    /// Something is used up, for example etcd's space quota.
    case resourceExhausted = 8
    /// The server is not in the state this call needs.
    case failedPrecondition = 9
    /// A conflict with another call; the caller may start over.
    case aborted = 10
    /// Beyond the valid range, for example a revision that is compacted.
    case outOfRange = 11
    /// The server does not know this method.
    case unimplemented = 12
    /// The server or the protocol broke its own rules.
    case `internal` = 13
    /// The server cannot be used now; trying again may help.
    case unavailable = 14
    /// Data is lost or corrupt.
    case dataLoss = 15
    /// No valid credentials, for example an expired token.
    case unauthenticated = 16

    /// The name as the specification writes it, for example `DEADLINE_EXCEEDED`.
    public var description: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}
