internal import CPlatform
import Glibc

/// The right to start or to move a member, held by one process at a time and freed by the kernel when it dies.
final class StartLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock of `directory`, which must exist; throws `locked` at once when another holds it.
    init(_ directory: MemberDirectory) throws(NodeError) {
        let path = directory.lockPath
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw SystemCall.failure("open", path) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(opened)
            guard code == EWOULDBLOCK else { throw .system(call: "flock", path: path, code: code) }
            throw .locked(directory: directory.path)
        }
        // Between open and flock the home may have been moved away: then this lock protects nothing.
        var held = stat()
        var named = stat()
        guard fstat(opened, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
            held.st_dev == named.st_dev
        else {
            close(opened)
            throw .locked(directory: directory.path)
        }
        descriptor = opened
    }

    deinit {
        // Unlocked by name: a process that is being started at this moment has a copy of the descriptor until its exec,
        // and closing ours alone would leave the lock held for as long.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
