import Glibc
import Synchronization

/// The pieces of a file that is being read.
final class FileReader: Sendable {
    private let path: String
    private let descriptor: Int32
    private let offset = Mutex(0)

    init(path: String, subject: String) throws(ArchiveError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT || errno == ENOTDIR
                ? ArchiveError(.notFound, subject, "there is no such object")
                : ArchiveError.system("opening", path, errno: errno)
        }
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    /// The bytes of a file as a stream.
    static func stream(of path: String, subject: String) throws(ArchiveError) -> ByteStream {
        let reader = try FileReader(path: path, subject: subject)
        return ByteStream { try reader.next() }
    }

    /// All bytes of a small file.
    static func bytes(of path: String, upTo limit: Int) throws(ArchiveError) -> [UInt8] {
        let reader = try FileReader(path: path, subject: path)
        var bytes: [UInt8] = []
        while let piece = try reader.next() {
            bytes += piece
            guard bytes.count <= limit else {
                throw ArchiveError(.invalidManifest, path, "it is larger than \(limit) bytes")
            }
        }
        return bytes
    }

    /// The next piece, nil at the end.
    func next() throws(ArchiveError) -> [UInt8]? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        let position = offset.withLock { $0 }
        var count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(position))
        while count < 0, errno == EINTR {
            count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(position))
        }
        guard count >= 0 else { throw .system("reading", path, errno: errno) }
        offset.withLock { $0 = position + count }
        return count == 0 ? nil : Array(buffer[..<count])
    }
}
