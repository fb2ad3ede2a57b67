import Glibc

/// A door that holds up whoever comes while it is shut, thread and all.
///
/// `@unchecked Sendable`: the pointer is set once and freed with the object; a read-write lock is made for threads.
final class Gate: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        sem_init(lock, 0, 1)
    }

    deinit {
        sem_destroy(lock)
        lock.deallocate()
    }

    func shut() {
        while sem_wait(lock) != 0 {}
    }

    func open() {
        sem_post(lock)
    }

    /// Goes through as soon as the door is open.
    func pass() {
        shut()
        open()
    }
}
