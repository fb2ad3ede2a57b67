public import Model
import Synchronization
public import Telemetry

/// The record of who did what: one line of JSON for each request that is worth one, in files that rotate.
///
/// A write is in the file before its answer goes out. A disk that is full or stands still never holds up the service:
/// lines that cannot be written are counted and told.
public final class AuditLog: Sendable {
    /// Where the log is and how much it holds.
    public struct Options: Sendable {
        /// The file that is written; older ones lie beside it with a number.
        public var path: String
        /// How much is told.
        public var level = AuditLevel.changes
        /// From how many bytes on a new file is begun.
        public var fileSize: Int64 = 64 << 20
        /// How many files there are at most.
        public var fileCount = 8

        /// A log in a file, with the defaults.
        public init(path: String) {
            self.path = path
        }
    }

    /// How many lines may wait for the disk.
    private static let queueLimit = 4_096
    /// How long an answer waits for its line.
    private static let patience = Duration.seconds(2)
    /// How many refusals of one address are told a second, in the long run.
    private static let refusalRate = 5
    private static let refusalBurst = 100

    private struct Waiter {
        let number: UInt64
        let since: ContinuousClock.Instant
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var lines: [[UInt8]] = []
        var added: UInt64 = 0
        var isWriting = false
        var waiters: [Waiter] = []
        var problem: String?
        var lost = 0
        var omitted: [String: Int] = [:]
    }

    private let options: Options
    private let file: AuditFile
    private let state = Mutex(State())
    private let refusals = TokenBuckets(rate: refusalRate, burst: refusalBurst)
    private let written: Counter
    private let lost: Counter

    /// Opens a log.
    ///
    /// - Parameters:
    ///   - options: Where it is.
    ///   - metrics: Where lines that were written and lost are counted.
    /// - Throws: ``CredentialsError/inaccessible(path:reason:)`` for a file that cannot be written.
    public init(_ options: Options, metrics: MetricsRegistry) async throws(CredentialsError) {
        self.options = options
        if let slash = options.path.lastIndex(of: "/"), slash > options.path.startIndex {
            try CredentialFile.makeDirectory(String(options.path[..<slash]))
        }
        file = AuditFile(path: options.path, size: options.fileSize, count: options.fileCount)
        written = metrics.counter("lodestone_audit_lines_total", "Lines written to the audit log.")
        lost = metrics.counter(
            "lodestone_audit_lines_lost_total", "Lines of the audit log that could not be written.")
        if let problem = await file.open() { throw .inaccessible(path: options.path, reason: problem) }
    }

    /// What is wrong with the log, for the findings of the controller.
    public var findings: [Finding] {
        let (problem, lost) = state.withLock { ($0.problem, $0.lost) }
        guard let problem else { return [] }
        return [
            Finding(
                "AuditLogIncomplete", .critical,
                "the audit log \(options.path) cannot be written (\(problem)); \(lost) lines are lost so far",
                remedy: "make room on the disk, or correct the path and the rights of the file")
        ]
    }

    /// Adds an entry; returns when it is in the file if it is about a write, at once otherwise.
    func add(_ entry: AuditEntry) async {
        guard entry.isWrite, !entry.isRefusal else {
            note(entry)
            return
        }
        guard entry.belongs(at: options.level) else { return }
        let line = entry.line
        await withCheckedContinuation { enqueue(line, $0) }
    }

    /// Adds an entry without waiting for the disk.
    func note(_ entry: AuditEntry) {
        guard entry.belongs(at: options.level) else { return }
        var entry = entry
        if entry.isRefusal && entry.status != 403 || entry.isUnread {
            // Who knocks all day long must not push everything else out of the files.
            guard refusals.take(entry.address) == nil else {
                state.withLock { state in
                    if state.omitted.count > 10_000 { state.omitted = [:] }
                    state.omitted[entry.address, default: 0] += 1
                }
                return
            }
            entry.omitted = state.withLock { $0.omitted.removeValue(forKey: entry.address) } ?? 0
        }
        enqueue(entry.line, nil)
    }

    /// Lets go of answers that have waited too long for the disk; to be called about once a second.
    func tick() {
        let now = ContinuousClock.now
        let late = state.withLock { state -> [Waiter] in
            let late = state.waiters.filter { now - $0.since > Self.patience }
            guard !late.isEmpty else { return [] }
            state.waiters.removeAll { now - $0.since > Self.patience }
            state.problem = state.problem ?? "the disk does not answer"
            return late
        }
        for waiter in late {
            waiter.continuation.resume()
        }
    }

    /// Writes what is left and closes the file.
    public func close() async {
        await drain()
        await file.close()
    }

    private func enqueue(_ line: [UInt8], _ continuation: CheckedContinuation<Void, Never>?) {
        let (isFull, begins) = state.withLock { state -> (Bool, Bool) in
            guard state.lines.count < Self.queueLimit else {
                state.lost += 1
                state.problem = state.problem ?? "the disk does not keep up"
                return (true, false)
            }
            state.lines.append(line)
            state.added += 1
            if let continuation {
                state.waiters.append(Waiter(number: state.added, since: .now, continuation: continuation))
            }
            defer { state.isWriting = true }
            return (false, !state.isWriting)
        }
        if isFull {
            lost.add()
            continuation?.resume()
        } else if begins {
            Task { await drain() }
        }
    }

    /// Writes what waits, until nothing does; one task at a time.
    private func drain() async {
        while true {
            let (batch, last) = state.withLock { state -> ([[UInt8]], UInt64) in
                defer { state.lines = [] }
                state.isWriting = !state.lines.isEmpty
                return (state.lines, state.added)
            }
            guard !batch.isEmpty else { return }
            let problem = await file.append(Array(batch.joined()))
            let done = state.withLock { state -> [Waiter] in
                state.problem = problem
                state.lost = problem == nil ? 0 : state.lost + batch.count
                let done = state.waiters.filter { $0.number <= last }
                state.waiters.removeAll { $0.number <= last }
                return done
            }
            for waiter in done {
                waiter.continuation.resume()
            }
            if problem == nil {
                written.add(Double(batch.count))
            } else {
                lost.add(Double(batch.count))
            }
        }
    }
}
