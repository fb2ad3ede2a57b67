import CPlatform
import Glibc
import Synchronization

/// A file on a local disk that is being written and does not count yet.
///
/// It has a hidden name, a lock as long as its writer lives, and goes away with this object unless its storage takes it
/// over. Its blocks are reserved as soon as its size is known, so that a full disk shows at the beginning.
public final class StagingFile: Sendable {
    private struct State {
        var descriptor: Int32
        var written = 0
        /// Up to where the system was told to begin writing to the disk.
        var flushed = 0
    }

    /// What the names of all staging files start with.
    static let prefix = ".partial-"
    /// Bytes that gather in memory before the disk is told to begin with them; keeps the last `fsync` short.
    private static let flushInterval = 8 << 20

    /// The absolute path, for reading while it is staged.
    public let path: String
    private let root: String?
    private let state: Mutex<State>

    /// Creates the file in a directory that exists.
    ///
    /// `owner` is part of its name and tells one's own leftovers from those of others who write to the same place. If
    /// the file is discarded, directories left empty are removed up to `root`, which stays.
    ///
    /// - Throws: `ArchiveError`.
    public init(in directory: String, owner: String, root: String? = nil) throws(ArchiveError) {
        let path = "\(directory)/\(Self.prefix)\(owner)-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("creating a file", path, errno: errno) }
        flock(descriptor, LOCK_EX | LOCK_NB)  // Where locks are not supported, leftovers go by age alone.
        self.path = path
        self.root = root
        state = Mutex(State(descriptor: descriptor))
    }

    deinit {
        discard()
    }

    /// The bytes written so far.
    public var byteCount: Int { state.withLock { $0.written } }

    /// Asks for the blocks of a file of that size.
    ///
    /// - Throws: `ArchiveError` with the code `storageFull` if there is no room; silent where a file system cannot reserve.
    public func reserve(_ byteCount: Int) throws(ArchiveError) {
        let code = state.withLock { state in
            guard byteCount > 0, state.descriptor >= 0 else { return Int32(0) }
            return lodestone_reserve(state.descriptor, Int64(byteCount)) == 0 ? 0 : errno
        }
        guard code == ENOSPC || code == EDQUOT else { return }
        throw ArchiveError(.storageFull, directory, "there is no room for the \(byteCount) bytes of the backup")
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: `ArchiveError` with the code `storageFull` if there is no room.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        let code = state.withLock { state in
            let code = FileTree.write(bytes, to: state.descriptor)
            guard code == 0 else { return code }
            state.written += bytes.count
            if state.written - state.flushed >= Self.flushInterval {
                // Only a head start: the final fsync waits for everything and reports what went wrong.
                _ = lodestone_begin_writing(
                    state.descriptor, Int64(state.flushed), Int64(state.written - state.flushed))
                state.flushed = state.written
            }
            return Int32(0)
        }
        guard code == 0 else { throw .system("writing \(bytes.count) bytes", path, errno: code) }
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: `ArchiveError` with the code `storageFull` if there is no room.
    public func append(_ bytes: [UInt8]) throws(ArchiveError) {
        try bytes.span.withUnsafeBytes { (buffer) throws(ArchiveError) in try append(buffer) }
    }

    /// Waits until all bytes are on the disk.
    ///
    /// - Throws: `ArchiveError`.
    public func synchronize() throws(ArchiveError) {
        let code = state.withLock { fsync($0.descriptor) == 0 ? 0 : errno }
        guard code == 0 else { throw .system("waiting for the disk", path, errno: code) }
    }

    /// Removes the hidden name, and the directories that are empty without it; a second call does nothing.
    ///
    /// A storage that has given the file its final name calls this too.
    public func discard() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            unlink(path)
            close(state.descriptor)
            state.descriptor = -1
            if let root { FileTree.removeEmptyDirectories(from: directory, upTo: root) }
        }
    }

    private var directory: String {
        String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
    }
}
