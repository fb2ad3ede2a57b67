internal import CPlatform
import Glibc

/// A grip on one running process that stays on that very process, also when its number is used again.
final class ProcessHandle: Sendable {
    let identity: ProcessIdentity
    /// Readable once the whole process, with all its threads, has ended.
    let descriptor: Int32

    /// Takes hold of a process; nil when it has ended meanwhile.
    convenience init?(_ identity: ProcessIdentity) throws(NodeError) {
        try self.init(child: identity)
        // Only now is it sure whom the descriptor means.
        guard ProcessIdentity.current(identity.pid) == identity else { return nil }
    }

    /// Takes hold of a child that nobody has waited for, so that its number is still its own even if it has ended.
    init?(child identity: ProcessIdentity) throws(NodeError) {
        let opened = lodestone_pidfd_open(identity.pid)
        if opened < 0 && errno == ESRCH { return nil }
        guard opened >= 0 else { throw SystemCall.failure("pidfd_open", "process \(identity.pid)") }
        self.identity = identity
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// Whether the process has ended, all threads included.
    var hasEnded: Bool {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&ready, 1, 0) == 1
    }

    /// Waits for its end and says whether it came in time.
    ///
    /// Blocks the thread.
    func hasEnded(within limit: Duration) -> Bool {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&ready, 1, Int32(limit / .milliseconds(1))) == 1
    }

    /// Sends a signal; one that comes too late is lost, which is what is wanted.
    func signal(_ number: Int32) {
        _ = lodestone_pidfd_send_signal(descriptor, number)
    }
}
