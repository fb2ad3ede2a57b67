internal import CPlatform
import Glibc
import Model
import Synchronization
internal import Threads

/// One thread that learns of every watched process's end at once, whether we started it or adopted it.
final class ExitWatcher: Sendable {
    /// A process's end.
    struct Exit: Sendable {
        var process: ProcessIdentity
        var status: ProcessExitStatus
        var at: Timestamp
    }

    private struct State {
        var watched: [Int32: ProcessHandle] = [:]
        var exits: [Exit] = []
        var isStopped = false
    }

    private let onExit: @Sendable () -> Void
    private let state = Mutex(State())
    private let epoll: Int32
    private let wake: Int32

    /// Starts the thread, which calls `onExit` after each end; `takeExits` tells which.
    init(onExit: @escaping @Sendable () -> Void) {
        self.onExit = onExit
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wake = eventfd(0, Int32(EFD_CLOEXEC))
        precondition(epoll >= 0 && wake >= 0, "No descriptors to watch processes: \(SystemCall.text(errno)).")
        precondition(add(wake), "The wake-up cannot be watched: \(SystemCall.text(errno)).")
        DetachedThread.start { [self] in loop() }
    }

    /// Watches a process until it ends.
    func watch(_ handle: ProcessHandle) throws(NodeError) {
        let failure = state.withLock { state -> NodeError? in
            guard add(handle.descriptor) else {
                return SystemCall.failure("epoll_ctl", "process \(handle.identity.pid)")
            }
            state.watched[handle.descriptor] = handle
            return nil
        }
        if let failure { throw failure }
    }

    /// The ends seen since the last call.
    func takeExits() -> [Exit] {
        state.withLock { state in
            defer { state.exits = [] }
            return state.exits
        }
    }

    /// Ends the thread; the processes go on.
    func stop() {
        state.withLock { $0.isStopped = true }
        var one: UInt64 = 1
        write(wake, &one, 8)
    }

    private func add(_ descriptor: Int32) -> Bool {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.fd = descriptor
        return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0
    }

    private func loop() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(epoll, &events, Int32(events.count), -1)
            let now = Timestamp.now
            let isStopped = state.withLock { state in
                for event in events.prefix(Int(max(0, count))) {
                    guard let handle = state.watched.removeValue(forKey: event.data.fd) else { continue }
                    epoll_ctl(epoll, EPOLL_CTL_DEL, handle.descriptor, nil)
                    state.exits.append(
                        Exit(process: handle.identity, status: Self.reap(handle.identity.pid), at: now))
                }
                return state.isStopped
            }
            if isStopped { break }
            onExit()
        }
        close(epoll)
        close(wake)
    }

    /// The status of a child; of a process that is not ours the kernel tells only that it ended.
    private static func reap(_ pid: Int32) -> ProcessExitStatus {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return .unknown }
        let signal = status & 0x7f
        return signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }
}
