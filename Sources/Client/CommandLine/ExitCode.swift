/// How a command ended, for scripts; the numbers are promises.
public enum ExitCode: Int32, Sendable, CaseIterable {
    /// It did what was asked.
    case success = 0
    /// It failed; a sentence on standard error says why.
    case failure = 1
    /// It was called wrongly; nothing was done.
    case usage = 2
    /// What was looked at is not as it should be: findings at or above `--fail-on`, a damaged file, a difference.
    case findings = 3
    /// The controller (or, for `check` and `load`, the cluster) cannot be reached.
    case unreachable = 4
    /// The time limit passed before what was awaited came true.
    case timedOut = 5
    /// It was interrupted by Ctrl-C or ended by a signal.
    case interrupted = 130

    /// What the code means, in the words of the help text.
    public var meaning: String {
        switch self {
        case .success: "done"
        case .failure: "failed; a sentence on standard error says why"
        case .usage: "called wrongly; nothing was done"
        case .findings:
            "something is wrong with what was looked at: findings at or above --fail-on, a damaged file, a difference"
        case .unreachable: "the controller or cluster cannot be reached"
        case .timedOut: "the time limit passed before what was awaited came true"
        case .interrupted: "interrupted"
        }
    }
}
