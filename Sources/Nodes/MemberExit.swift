public import Model

/// How a process ended, as far as the kernel tells.
public enum ProcessExitStatus: Sendable, Hashable, CustomStringConvertible {
    /// It ended by itself with this code.
    case code(Int32)
    /// A signal ended it.
    case signal(Int32)
    /// It was no child of this process (adopted after a restart of the controller), so only its end is known.
    case unknown

    /// The status for people.
    public var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let signal): "signal \(signal)"
        case .unknown: "unknown status"
        }
    }
}

/// The end of a member's process: when, how, why, and what to do.
public struct MemberExit: Sendable, Equatable, CustomStringConvertible {
    /// How the process ended.
    public var status: ProcessExitStatus
    /// Why, as its log tells.
    public var reason: ExitReason
    /// When it was noticed.
    public var at: Timestamp
    /// The log's own words for the reason, or its last lines; at most five, shortened.
    public var evidence: [String]

    /// Describes an end.
    public init(status: ProcessExitStatus, reason: ExitReason, at: Timestamp, evidence: [String]) {
        self.status = status
        self.reason = reason
        self.at = at
        self.evidence = evidence
    }

    /// One or two sentences: what happened, and the remedy.
    public var description: String {
        let words = evidence.last.map { " It said: \($0)" } ?? ""
        return "etcd ended at \(at) with \(status): \(reason.explanation). \(reason.remedy)\(words)"
    }
}
