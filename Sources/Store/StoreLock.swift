import Glibc

/// The proof that this process alone works on a data directory.
///
/// A `flock` on a file beside the store: the kernel drops it however the process ends, and children do not inherit it.
/// The file tells the holder's process number to whoever comes second, and stays when the lock is gone.
final class StoreLock {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Throws: ``StoreError/locked(path:holder:)`` when another process has it, or another store of this process.
    init(_ options: StoreOptions) throws(StoreError) {
        let path = "\(options.directory)/store.lock"
        // Kept in a local until the lock is held: a class whose properties are all set is deinitialised when its
        // initialiser throws, and a descriptor closed twice is by then somebody else's.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unavailable(path: path, reason: String(cString: strerror(errno)))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = Self.processNumber(in: descriptor)
            close(descriptor)
            throw reason == EWOULDBLOCK
                ? .locked(path: options.path, holder: holder)
                : .unavailable(path: path, reason: String(cString: strerror(reason)))
        }
        // The number is for people; a full disk must not keep a controller from starting on what it has.
        let text = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
        self.descriptor = descriptor
    }

    deinit {
        // By name, not only by closing: a child that is being started holds copies of all descriptors for a moment, and
        // would hold the lock with them.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func processNumber(in descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
