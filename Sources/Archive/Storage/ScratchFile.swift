import CPlatform
import Glibc
import Synchronization

/// A file for bytes that are needed for a while: it has no name, so it ends with the process whatever happens.
///
/// It is never flushed: what is gone within seconds mostly never reaches the disk.
final class ScratchFile: Sendable {
    /// A path by which this process can open the file again while the object lives.
    let path: String
    private let descriptor: Int32
    private let directory: String
    private let count = Mutex(0)

    /// Makes the file in a directory, which is made if it is not there.
    ///
    /// - Throws: `ArchiveError`.
    init(in directory: String) throws(ArchiveError) {
        try FileTree.makeDirectories(directory)
        let name = "\(directory)/\(StagingFile.prefix)scratch-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("creating a file", name, errno: errno) }
        unlink(name)
        path = "/proc/self/fd/\(descriptor)"
        self.directory = directory
    }

    deinit {
        close(descriptor)
    }

    /// Removes the files of a process that was killed before they had lost their names, which are empty.
    static func removeLeftovers(in directory: String) throws(ArchiveError) {
        for file in try FileTree.files(below: directory, hidden: true) {
            guard let name = file.components.last, name.hasPrefix(StagingFile.prefix) else { continue }
            unlink("\(directory)/\(name)")
        }
    }

    /// The bytes written so far.
    var byteCount: Int { count.withLock { $0 } }

    /// Asks for the blocks of a file of that size.
    ///
    /// - Throws: `ArchiveError` with the code `storageFull` if there is no room; silent where a file system cannot reserve.
    func reserve(_ byteCount: Int) throws(ArchiveError) {
        guard byteCount > 0, lodestone_reserve(descriptor, Int64(byteCount)) != 0 else { return }
        guard errno == ENOSPC || errno == EDQUOT else { return }
        throw ArchiveError(.storageFull, directory, "there is no room to look at a database of \(byteCount) bytes")
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: `ArchiveError` with the code `storageFull` if there is no room.
    func append(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        let code = FileTree.write(bytes, to: descriptor)
        guard code == 0 else { throw .system("writing \(bytes.count) bytes", directory, errno: code) }
        count.withLock { $0 += bytes.count }
    }
}
