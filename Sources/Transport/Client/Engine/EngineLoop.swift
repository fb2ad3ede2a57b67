import Glibc
import Synchronization

/// The thread that runs all transfers: it waits on epoll, lets libcurl advance, keeps the deadlines, and takes commands
/// from other threads through an inbox.
///
/// `@unchecked Sendable` holds because everything but `inbox`, `poller` and `counters` is touched by the one thread
/// that `run()` is called on, and those three may be used from anywhere.
final class EngineLoop: @unchecked Sendable {
    /// What other threads ask for.
    enum Command: Sendable {
        /// Run a transfer.
        case start(Transfer)
        /// End a transfer.
        case cancel(Transfer)
        /// The observer has room again, or has something to send again.
        case resume(Transfer, sending: Bool)
        /// Close the idle connections of a pool.
        case closeIdle(EndpointPool.Key)
        /// End everything.
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        var isAwake = false
        var isClosed = false
    }

    /// What the engine counts.
    let counters = EngineCounters()
    let poller: Poller
    private let inbox = Mutex(Inbox())
    /// libcurl's sets of transfers, made when they are first needed.
    ///
    /// Each family has its own, so that connections of one never serve the other. And it has many, because at the end of
    /// every transfer libcurl 7.88 walks through the set's connections up to the one that was used
    /// (`curl_multi_remove_handle`): with ten thousand in one set that would take longer than the transfer.
    private var multis = [CurlMulti?](repeating: nil, count: EndpointPool.Family.allCases.count * setsPerFamily)
    private static let setsPerFamily = 64
    /// Whether a set may have transfers that are over.
    private var mayHaveFinished: [Bool]
    var timers: [ContinuousClock.Instant?]
    /// All transfers that have a deadline to come.
    var deadlines = DeadlineHeap()
    /// The transfers that are with libcurl.
    var running: [ObjectIdentifier: Transfer] = [:]
    /// The sockets that libcurl has open, with the pool each belongs to.
    var sockets: [Int32: OpenSocket] = [:]
    private var spareHandles: [CurlEasy] = []
    private var isStopping = false

    /// A socket and, as long as someone still uses it, its pool.
    struct OpenSocket {
        weak var pool: EndpointPool?
        let key: EndpointPool.Key
    }

    /// Creates a loop; `nil` if the process has no descriptor left.
    init?() {
        guard let poller = Poller() else {
            return nil
        }
        self.poller = poller
        timers = Array(repeating: nil, count: multis.count)
        mayHaveFinished = Array(repeating: false, count: multis.count)
    }

    /// Hands a command to the thread; `false` if the engine is shut down and nothing will be done.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let (isTaken, mustWake) = inbox.withLock { inbox in
            guard !inbox.isClosed else {
                return (false, false)
            }
            inbox.commands.append(command)
            defer { inbox.isAwake = true }
            return (true, !inbox.isAwake)
        }
        if mustWake {
            poller.wake()
        }
        return isTaken
    }

    /// Starts a transfer, or tells its observer at once that the engine is shut down.
    func start(_ transfer: Transfer) {
        if !post(.start(transfer)) {
            transfer.finish(TransferOutcome(failure: .engineStopped, wasStarted: false))
        }
    }

    /// Runs until `.stop`; called once, on the engine's own thread.
    func run() {
        while !isStopping {
            for event in poller.wait(milliseconds: timeUntilNextTimer()) {
                mayHaveFinished[event.tag] = true
                multis[event.tag]?.advance(event)
            }
            drainInbox()
            fireTimers()
            reapFinished()
        }
        stop()
    }

    private func drainInbox() {
        let commands = inbox.withLock { inbox in
            inbox.isAwake = false
            return inbox.commands.isEmpty ? [] : exchange(&inbox.commands, with: [])
        }
        for command in commands {
            switch command {
            case .start(let transfer): admit(transfer)
            case .cancel(let transfer): abandon(transfer, .cancelled)
            case .resume(let transfer, let sending): resume(transfer, sending: sending)
            case .closeIdle(let key): closeIdleConnections(of: key)
            case .stop: isStopping = true
            }
        }
    }

    private func timeUntilNextTimer() -> Int32? {
        var next = deadlines.earliest
        for case .some(let timer) in timers where next.map({ timer < $0 }) ?? true {
            next = timer
        }
        guard let next else {
            return nil
        }
        let left = ContinuousClock.now.duration(to: next)
        guard left > .zero else {
            return 0
        }
        // Rounded up: waking early would only find that it is too early.
        return Int32(clamping: left.wholeMilliseconds + 1)
    }

    private func fireTimers() {
        guard timers.contains(where: { $0 != nil }) || deadlines.earliest != nil else {
            return
        }
        let now = ContinuousClock.now
        for (index, multi) in multis.enumerated() {
            if let timer = timers[index], timer <= now {
                timers[index] = nil
                mayHaveFinished[index] = true
                multi?.timeOut()
            }
        }
        while let transfer = deadlines.popFirst(until: now) {
            deadlinePassed(of: transfer, now: now)
        }
    }

    private func reapFinished() {
        for (index, multi) in multis.enumerated() where mayHaveFinished[index] {
            mayHaveFinished[index] = false
            while let (transfer, easy, code) = multi?.nextFinished() {
                attemptEnded(transfer, easy, code: code)
            }
        }
    }

    private func stop() {
        let late = inbox.withLock { inbox in
            inbox.isClosed = true
            return exchange(&inbox.commands, with: [])
        }
        for case .start(let transfer) in late {
            transfer.finish(TransferOutcome(failure: .engineStopped, wasStarted: false))
        }
        // Ending one transfer may start another that waited for its place.
        while let transfer = running.values.first {
            abandon(transfer, .engineStopped)
        }
        spareHandles.removeAll()
        multis.forEach { $0?.close() }
        multis.removeAll()
        poller.close()
    }

    // MARK: libcurl handles

    /// A clean handle; `nil` without memory.
    func takeHandle() -> CurlEasy? { spareHandles.popLast() ?? CurlEasy(delegate: self) }

    /// Keeps a handle for the next transfer.
    ///
    /// One that was paused keeps odd state in libcurl, so streams' are let go.
    func giveBack(_ easy: CurlEasy, after transfer: Transfer) {
        easy.clear()
        if transfer.request.kind == .call, spareHandles.count < 64 {
            spareHandles.append(easy)
        }
    }

    /// The set of transfers a pool's connections belong to; `nil` without memory or descriptors for one.
    func multi(of pool: EndpointPool) -> CurlMulti? {
        let index = Self.set(of: pool.key)
        if let multi = multis[index] {
            return multi
        }
        multis[index] = CurlMulti(tag: index, delegate: self)
        return multis[index]
    }

    private static func set(of key: EndpointPool.Key) -> Int {
        key.family.rawValue * setsPerFamily + (key.hashValue & .max) % setsPerFamily
    }

    /// Closes the idle connections to a server.
    ///
    /// libcurl notices what became of them when the next transfer of their set begins; where nobody else uses the set
    /// there may be none, and the set is closed.
    private func closeIdleConnections(of key: EndpointPool.Key) {
        let busy = Set(running.values.filter { $0.pool.key == key }.compactMap(\.socket))
        for (socket, open) in sockets where open.key == key && !busy.contains(socket) {
            ClientSocket.shutDown(socket)
        }
        let index = Self.set(of: key)
        let isUsed =
            running.values.contains { Self.set(of: $0.pool.key) == index }
            || sockets.values.contains { $0.key != key && Self.set(of: $0.key) == index }
        guard !isUsed, let multi = multis[index] else {
            return
        }
        multi.close()
        multis[index] = nil
        timers[index] = nil
    }
}

extension ContinuousClock.Instant {
    /// The end of a time limit that begins now.
    ///
    /// Limits beyond a year count as one, so that no sum overflows.
    static func after(_ limit: Duration) -> Self { .now.advanced(by: limit.limited) }
}

extension Duration {
    /// The duration, at least nothing and at most a year.
    var limited: Duration { min(max(self, .zero), .seconds(365 * 86_400)) }

    /// Milliseconds, the rest cut off.
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
