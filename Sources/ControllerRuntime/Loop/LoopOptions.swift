/// How a loop treats its records.
public struct LoopOptions: Sendable {
    /// How many records are worked on at the same time.
    public var workers = 8
    /// How long one pass may take; then it is cancelled, and counts as failed.
    public var timeout: Duration = .seconds(60)
    /// How long to wait after failures.
    public var backoff = Backoff()
    /// How far the waits that passes ask for are bent, so that thousands of records never march in step.
    public var jitter = Jitter(0.1)
    /// Over how long the first passes after a start are spread.
    public var startSpread: Duration = .zero
    /// How long after its last write a record is written again though there is nothing new to say of it.
    ///
    /// So much older than the truth are the times in a record after the controller was killed.
    public var routineAge: Duration = .seconds(60)

    /// The defaults.
    public init() {}
}
