import Glibc
import Model
internal import Threads

/// Keeps members' processes running: starts or adopts them, notices their end at once, starts them again.
///
/// It owns the processes' fate and remembers nothing that it cannot see: created anew after a restart of the
/// controller, it finds each member's process by its data directory and goes on. Members are keyed by their home.
/// Nothing stops when this object goes away: that is the point.
public actor MemberSupervisor {
    /// Changes of state as they happen, for one consumer.
    public nonisolated let changes: AsyncStream<MemberChange>

    let backoff: RestartBackoff
    let watcher: ExitWatcher
    let wakes: AsyncStream<Wake>
    let waker: AsyncStream<Wake>.Continuation
    private let continuation: AsyncStream<MemberChange>.Continuation
    private let executor = BlockingExecutor()
    var members: [MemberDirectory: Supervised] = [:]

    /// What is known of a member between two looks.
    struct Supervised {
        var spec: MemberSpec
        var state: MemberState
        var process: ProcessHandle?
        var logOffset = 0
        var failures = 0
        var isStopping = false
        /// Whether nothing is to be started, whatever becomes of the process.
        var isLeftAlone = false
        /// Moves with every start and stop, so that a restart that was planned before is dropped.
        var epoch = 0
    }

    /// Runs on a thread of its own, because starting and looking at processes blocks.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Makes a supervisor that knows no member yet.
    public init(backoff: RestartBackoff = RestartBackoff()) {
        self.backoff = backoff
        (changes, continuation) = AsyncStream.makeStream()
        let (wakes, waker) = AsyncStream<Wake>.makeStream()
        (self.wakes, self.waker) = (wakes, waker)
        watcher = ExitWatcher { waker.yield(.exited) }
    }

    deinit {
        watcher.stop()
        continuation.finish()
        waker.finish()
    }

    /// Has the member running as `spec` says, and returns how far that is.
    ///
    /// A process that runs on the directory is adopted as it is, whatever its arguments: whether it must be restarted
    /// to follow a changed spec is the caller's decision, made with `observe` and `MemberObservation.runs(as:)`. While
    /// a restart is being waited for, or after an exit that another start cannot cure, nothing is started unless the
    /// spec has changed. Never throws: what stands in the way is the state `blocked`.
    @discardableResult
    public func ensureRunning(_ spec: MemberSpec) -> MemberState {
        collectExits()
        guard var known = members[spec.directory] else {
            members[spec.directory] = Supervised(spec: spec, state: .stopped)
            return start(spec.directory)
        }
        // Whoever was left alone may have ended meanwhile for any reason, and is wanted again now.
        let isSameSpec = known.spec == spec && !known.isLeftAlone
        known.spec = spec
        known.isLeftAlone = false
        members[spec.directory] = known
        if let process = known.process {
            // Its end will be told by the watcher; here only what the data on disk has become is noted.
            if !process.hasEnded { try? spec.directory.latchData() }  // Noted by the next pass otherwise.
            return known.state
        }
        switch known.state {
        case .exited where isSameSpec: return known.state
        case .backingOff(let until, _, _) where isSameSpec && Timestamp.now < until: return known.state
        default: return start(spec.directory)
        }
    }

    /// What is to be seen of a member now, supervised or not; changes nothing.
    public func observe(_ directory: MemberDirectory) -> MemberObservation {
        collectExits()
        let process = members[directory]?.process?.identity ?? ProcessTable.process(using: directory)
        var state = members[directory]?.state ?? .stopped
        if let process, !state.isRunning { state = .running(pid: process.pid, since: process.startedAt) }
        return MemberObservation(
            state: state, commandLine: process?.commandLine ?? [], holdsData: directory.holdsData,
            owner: (try? directory.owner()) ?? nil)  // Unreadable is unknown, and unknown is nil.
    }

    /// Ends a member's process and no longer wants it to run.
    ///
    /// SIGTERM first; etcd takes about 2 s, and up to 7 s as a TLS leader with open watches. When it is still there
    /// after `grace`, SIGKILL if `force`, else `stillRunning` is thrown and the state stays `stopping`. Returns when
    /// the process has ended with all its threads, so that its ports and files are free.
    public func stop(_ directory: MemberDirectory, grace: Duration = .seconds(15), force: Bool) async throws {
        collectExits()
        let running = try members[directory]?.process ?? MemberLauncher.running(directory)?.process
        guard let process = running else { return settleStopped(directory) }
        try? directory.latchData()  // Not noted, a later loss is less sure to be noticed; no reason not to stop.
        beginStopping(directory, process)
        process.signal(SIGTERM)
        process.signal(SIGCONT)
        if try await !hasEnded(process, within: grace) {
            guard force else {
                throw NodeError.stillRunning(directory: directory.path, pid: process.identity.pid, after: grace)
            }
            process.signal(SIGKILL)
            guard try await hasEnded(process, within: .seconds(10)) else {
                throw NodeError.stillRunning(directory: directory.path, pid: process.identity.pid, after: grace)
            }
        }
        collectExits()
        settleStopped(directory)
    }

    /// Forgets failures, so that the next `ensureRunning` starts at once a member that waits or was given up.
    public func forgiveFailures(of directory: MemberDirectory) {
        collectExits()
        guard var known = members[directory], known.process == nil else { return }
        known.failures = 0
        known.state = .stopped
        known.epoch += 1
        members[directory] = known
    }

    /// Starts or adopts the member's process and tells the new state.
    func start(_ directory: MemberDirectory) -> MemberState {
        guard let spec = members[directory]?.spec else { return .stopped }
        do throws(NodeError) {
            let launched = try MemberLauncher.start(spec)
            let process = launched.process
            try watcher.watch(process)
            members[directory]?.process = process
            members[directory]?.logOffset = launched.logOffset
            members[directory]?.epoch += 1
            let since = process.identity.startedAt
            return transition(directory, to: .running(pid: process.identity.pid, since: since))
        } catch {
            return transition(directory, to: .blocked(error))
        }
    }

    /// Sets a member's state and tells it, if it is another one.
    @discardableResult
    func transition(_ directory: MemberDirectory, to state: MemberState) -> MemberState {
        guard let known = members[directory], known.state != state else { return state }
        members[directory]?.state = state
        guard state.isNews(after: known.state) else { return state }
        continuation.yield(MemberChange(directory: directory, identity: known.spec.identity, state: state))
        return state
    }

    private func beginStopping(_ directory: MemberDirectory, _ process: ProcessHandle) {
        members[directory]?.isStopping = true
        members[directory]?.epoch += 1
        transition(directory, to: .stopping(pid: process.identity.pid))
    }

    private func settleStopped(_ directory: MemberDirectory) {
        transition(directory, to: .stopped)
        members[directory] = nil
    }

    private func hasEnded(_ process: ProcessHandle, within limit: Duration) async throws -> Bool {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while !process.hasEnded {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }
}
