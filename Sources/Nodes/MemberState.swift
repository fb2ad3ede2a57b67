public import Model

/// What is known of a member's process.
public enum MemberState: Sendable, Equatable {
    /// The process is there; whether etcd serves is for a probe to say.
    case running(pid: Int32, since: Timestamp)
    /// It was asked to stop and has not ended yet.
    case stopping(pid: Int32)
    /// No process is there, and none is wanted.
    case stopped
    /// It ended for a reason that another start cannot cure; see `ExitReason.isPermanent`.
    case exited(MemberExit)
    /// It ended and is started again at `until`.
    case backingOff(until: Timestamp, failures: Int, last: MemberExit)
    /// It cannot be started as things are; tried again by the next `ensureRunning`, and by itself if it has run before.
    case blocked(NodeError)

    /// Whether a process is there.
    public var isRunning: Bool {
        switch self {
        case .running, .stopping: true
        case .stopped, .exited, .backingOff, .blocked: false
        }
    }

    /// Whether anybody needs to be told of it after `earlier`.
    ///
    /// Free space changes all the time, not least by the telling: a report for each figure would not end.
    func isNews(after earlier: MemberState) -> Bool {
        guard case .blocked(.insufficientSpace(let directory, _, let needed)) = self,
            case .blocked(.insufficientSpace(directory, _, needed)) = earlier
        else { return self != earlier }
        return false
    }
}

/// A change of one member's state, so that whoever looks after it can look at once.
public struct MemberChange: Sendable, Equatable {
    /// The member's home.
    public var directory: MemberDirectory
    /// Who the member is.
    public var identity: MemberIdentity
    /// Its state from now on.
    public var state: MemberState

    /// Describes a change.
    public init(directory: MemberDirectory, identity: MemberIdentity, state: MemberState) {
        self.directory = directory
        self.identity = identity
        self.state = state
    }
}

/// What a look at a member's process and home shows.
public struct MemberObservation: Sendable, Equatable {
    /// The process's state.
    public var state: MemberState
    /// The command line that the process was started with, program first; empty when none runs.
    public var commandLine: [String]
    /// Whether a write-ahead log and a database are in place, also under a running process.
    public var holdsData: Bool
    /// Whose home it is by its marker; nil when there is no marker or it cannot be read.
    public var owner: MemberIdentity?

    /// Whether the process was started as `spec` would be now; false when none runs or the spec is invalid.
    public func runs(as spec: MemberSpec) -> Bool {
        guard let arguments = try? spec.arguments() else { return false }  // An invalid spec runs nowhere.
        return commandLine == [spec.binary] + arguments
    }
}
