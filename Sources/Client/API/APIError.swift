/// A request to the controller that did not give what was asked for.
enum APIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The controller refused, and said why.
    case refused(APIStatus)
    /// There is no way to the controller: no kubeconfig, no connection, no answer in time, or not the one we trust.
    case unreachable(String)
    /// What answers is no controller of ours.
    case unintelligible(String)

    /// The sentence, with what to do where that is known.
    var description: String {
        switch self {
        case .refused(let status) where status.code == 401:
            "the controller does not know us (\(status.message)); \(status.caller.isEmpty ? "the kubeconfig" : status.caller) "
                + "may be of another controller, or old"
        case .refused(let status) where status.code == 403: "not allowed: \(status.message)"
        case .refused(let status): status.message
        case .unreachable(let sentence), .unintelligible(let sentence): sentence
        }
    }

    /// Whether the server said that there is no such record.
    var isNotFound: Bool { status?.code == 404 }

    /// Whether the record has changed since it was read.
    var isConflict: Bool { status?.code == 409 && status?.reason != "AlreadyExists" }

    /// Whether a record of this name is there already.
    var isAlreadyExists: Bool { status?.code == 409 && status?.reason == "AlreadyExists" }

    /// Whether the revision asked for is gone.
    var isExpired: Bool { status?.code == 410 }

    /// The server's refusal.
    var status: APIStatus? {
        if case .refused(let status) = self { status } else { nil }
    }

    /// The code a command ends with.
    var exitCode: ExitCode {
        switch self {
        case .unreachable: .unreachable
        case .refused, .unintelligible: .failure
        }
    }
}
