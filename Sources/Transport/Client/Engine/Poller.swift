import CPlatform
import Glibc

/// The sockets one thread waits for, and the bell that other threads ring to wake it (epoll and eventfd).
///
/// A value: it only names two descriptors. Only the owner's thread may call anything but `wake()`.
struct Poller: Sendable {
    /// What happened to one socket.
    struct Event {
        /// The socket.
        let descriptor: Int32
        /// The number that the socket was registered with.
        let tag: Int
        /// There is something to read, or the other side closed.
        let isReadable: Bool
        /// There is room to write.
        let isWritable: Bool
        /// The connection broke.
        let isBroken: Bool
    }

    private let set: Int32
    private let bell: Int32

    /// Creates the set and the bell; `nil` if the process has no descriptor left.
    init?() {
        set = epoll_create1(Int32(EPOLL_CLOEXEC))
        bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard set >= 0, bell >= 0 else {
            close()
            return nil
        }
        watch(bell, tag: 0, reads: true, writes: false)
    }

    /// Closes both descriptors.
    func close() {
        for descriptor in [set, bell] where descriptor >= 0 {
            _ = Glibc.close(descriptor)
        }
    }

    /// Makes a wait that runs, or the next one, return.
    ///
    /// From any thread.
    func wake() {
        var one: UInt64 = 1
        // The only failure, a full counter, means that the bell already rings.
        _ = write(bell, &one, 8)
    }

    /// Watches a socket, or changes what it is watched for.
    func watch(_ descriptor: Int32, tag: Int, reads: Bool, writes: Bool) {
        var event = epoll_event()
        event.events = (reads ? EPOLLIN.rawValue : 0) | (writes ? EPOLLOUT.rawValue : 0)
        event.data.u64 = UInt64(UInt32(bitPattern: descriptor)) | UInt64(tag) << 32
        // Nearly always it is new: libcurl gives a socket back after every exchange.
        if epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event) != 0, errno == EEXIST {
            _ = epoll_ctl(set, EPOLL_CTL_MOD, descriptor, &event)
        }
    }

    /// Stops watching a socket.
    ///
    /// One that is closed is already forgotten by the kernel.
    func forget(_ descriptor: Int32) {
        var event = epoll_event()
        _ = epoll_ctl(set, EPOLL_CTL_DEL, descriptor, &event)
    }

    /// Waits until something happens, the bell rings, or the time is over; `nil` waits without end.
    func wait(milliseconds: Int32?) -> [Event] {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 256) { buffer in
            let count = epoll_wait(set, buffer.baseAddress, Int32(buffer.count), milliseconds ?? -1)
            // An interrupted wait is one that found nothing.
            guard count > 0 else {
                return []
            }
            return buffer[..<Int(count)].compactMap { event(of: $0) }
        }
    }

    private func event(of raw: epoll_event) -> Event? {
        let descriptor = Int32(truncatingIfNeeded: raw.data.u64)
        guard descriptor != bell else {
            var count: UInt64 = 0
            _ = read(bell, &count, 8)
            return nil
        }
        return Event(
            descriptor: descriptor, tag: Int(raw.data.u64 >> 32),
            isReadable: raw.events & (EPOLLIN.rawValue | EPOLLHUP.rawValue) != 0,
            isWritable: raw.events & EPOLLOUT.rawValue != 0, isBroken: raw.events & EPOLLERR.rawValue != 0)
    }
}
