public import Model
internal import Store
public import Telemetry

/// Long work for records, done beside the loops: started once, watched, cancelled, a few at a time.
///
/// A pass starts a job and ends; later passes look at it; the end of a job wakes its record. The board is in memory
/// only: after a restart a pass must find out by observing what a job had done, never from here. Jobs belong to the
/// very record (its `uid`), so that a record made anew under an old name does not inherit them.
public actor JobBoard<Progress: Sendable, Output: Sendable>: Component {
    /// Where a job stands.
    public enum State: Sendable {
        /// Others come first.
        case waiting
        /// It is being done; what it reported last.
        case running(Progress?)
        /// It is over; the state stays until it is taken or the record's jobs are forgotten.
        case finished(Result<Output, any Error>)
    }

    /// The work itself: reports progress through the handle, and ends early when its task is cancelled.
    public typealias Work = @Sendable (JobHandle<Progress>) async throws -> Output

    private struct Key: Hashable {
        let uid: String
        let job: String
    }

    private enum Entry {
        case waiting(Job)
        case running(Job)
        case finished(Result<Output, any Error>, number: UInt64)
    }

    private struct Job: Sendable {
        let key: Key
        let record: RecordID
        let handle: JobHandle<Progress>
        let work: Work
    }

    /// Results nobody took are dropped beyond this number, the oldest first.
    private static var keptResults: Int { 4096 }

    /// What the jobs are called together.
    public nonisolated let name: String
    private let limit: Int
    private let wakeups: Wakeups
    private let logger: Logger
    private var entries: [Key: Entry] = [:]
    private var line: [Key] = []
    private var runningCount = 0
    private var lastNumber: UInt64 = 0
    private let inbox: AsyncStream<Job>
    private let outbox: AsyncStream<Job>.Continuation

    /// A board without jobs.
    ///
    /// - Parameters:
    ///   - name: what the jobs are called together, for logs.
    ///   - limit: how many run at the same time.
    ///   - wakeups: the bell to ring when a job is over.
    ///   - logger: where ends of jobs are logged.
    public init(_ name: String, limit: Int, wakeups: Wakeups, logger: Logger) {
        precondition(limit > 0, "a board must run at least one job at a time")
        self.name = name
        self.limit = limit
        self.wakeups = wakeups
        self.logger = logger
        (inbox, outbox) = AsyncStream.makeStream()
    }

    /// Does the jobs until the task is cancelled, which cancels them.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for await job in inbox {
                group.addTask { await self.perform(job) }
            }
        }
    }

    /// Starts a job, unless the record has one of this name, in whatever state.
    ///
    /// - Parameters:
    ///   - job: the name of the job, unique for the record.
    ///   - record: the record it is for.
    ///   - work: the work.
    /// - Returns: whether it was started.
    @discardableResult
    public func start(_ job: String, for record: some Resource, work: @escaping Work) -> Bool {
        let key = Key(uid: record.metadata.uid, job: job)
        guard entries[key] == nil else { return false }
        entries[key] = .waiting(
            Job(key: key, record: RecordID(of: record), handle: JobHandle<Progress>(), work: work))
        line.append(key)
        startNext()
        return true
    }

    /// Where a job stands; nil when the record has none of this name.
    public func state(of job: String, for record: some Resource) -> State? {
        switch entries[Key(uid: record.metadata.uid, job: job)] {
        case nil: nil
        case .waiting: .waiting
        case .running(let job): .running(job.handle.progress)
        case .finished(let result, _): .finished(result)
        }
    }

    /// The names of the record's jobs, in whatever state.
    public func jobs(of record: some Resource) -> [String] {
        entries.keys.filter { $0.uid == record.metadata.uid }.map(\.job)
    }

    /// The result of a job that is over, which is then forgotten; nil in every other state.
    public func takeResult(of job: String, for record: some Resource) -> Result<Output, any Error>? {
        let key = Key(uid: record.metadata.uid, job: job)
        guard case .finished(let result, _) = entries[key] else { return nil }
        entries[key] = nil
        return result
    }

    /// Cancels a job; one that runs is over when its work has returned, one that waits at once.
    public func cancel(_ job: String, for record: some Resource) {
        cancel(Key(uid: record.metadata.uid, job: job))
    }

    /// Cancels and forgets all jobs of a record, as when it is removed.
    ///
    /// - Returns: whether nothing is left; false while work is still ending.
    public func forget(_ record: some Resource) -> Bool {
        forget(recordWith: record.metadata.uid)
    }

    /// Cancels and forgets all jobs of a record that is known by its `uid` only, as when it is gone.
    ///
    /// - Returns: whether nothing is left; false while work is still ending.
    @discardableResult
    public func forget(recordWith uid: String) -> Bool {
        var isClear = true
        for key in entries.keys where key.uid == uid {
            cancel(key)
            if case .running = entries[key] {
                isClear = false
            } else {
                entries[key] = nil
            }
        }
        return isClear
    }

    /// How many jobs wait and run.
    public var counts: (waiting: Int, running: Int) { (line.count, runningCount) }

    // MARK: Work

    private func cancel(_ key: Key) {
        switch entries[key] {
        case .waiting(let job):
            line.removeAll { $0 == key }
            finish(job, .failure(CancellationError()))
        case .running(let job): job.handle.cancel()
        case .finished, nil: return
        }
    }

    private func startNext() {
        while runningCount < limit, !line.isEmpty {
            let key = line.removeFirst()
            guard case .waiting(let job) = entries[key] else { continue }
            entries[key] = .running(job)
            runningCount += 1
            outbox.yield(job)
        }
    }

    private func perform(_ job: Job) async {
        let result = await LogContext.with(["record": .describing(job.record), "job": .text(job.key.job)]) {
            await job.handle.run(job.work)
        }
        runningCount -= 1
        finish(job, result)
        startNext()
    }

    private func finish(_ job: Job, _ result: Result<Output, any Error>) {
        lastNumber += 1
        entries[job.key] = .finished(result, number: lastNumber)
        dropOldResults()
        if case .failure(let error) = result, !(error is CancellationError) {
            logger.warning(
                "A job failed",
                ["record": .describing(job.record), "job": .text(job.key.job), "error": .text("\(error)")])
        }
        wakeups.wake(job.record)
    }

    private func dropOldResults() {
        guard entries.count > 2 * Self.keptResults else { return }
        let oldest = Int64(lastNumber) - Int64(Self.keptResults)
        entries = entries.filter { _, entry in
            guard case .finished(_, let number) = entry else { return true }
            return Int64(number) > oldest
        }
    }
}
