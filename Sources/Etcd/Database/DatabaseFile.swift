import Crypto
import Glibc

/// An etcd database file, opened for reading: a snapshot, an archived backup, or the `snap/db` of a stopped member.
///
/// etcd keeps its data in one bbolt file (pages of a B+ tree). A snapshot is that file with the sha256 of its bytes
/// behind it. This type proves such a file and reads all figures from it without an etcd process, in memory that
/// does not grow with the size of the values. Layout: bbolt `page.go`, `db.go`; etcd `server/storage/mvcc`.
///
/// All calls block the thread on file reads and use it for as long as the file is big (about 1 GB/s); they end early
/// with `DatabaseError.Code.cancelled` when the task is cancelled. A file that changes while it is read gives an error, not
/// a wrong answer, as far as its structure shows it.
public final class DatabaseFile: Sendable {
    /// The path the file was opened by.
    public let path: String
    /// The size of the whole file in bytes, the trailer included.
    public let byteCount: Int
    /// The sha256 a snapshot ends in, 32 bytes; nil for a member's own file, which has none.
    public let trailer: [UInt8]?
    /// The size of a page in bytes, as the file says.
    public var pageSize: Int { meta.pageSize }

    let meta: DatabaseMeta
    private let descriptor: Int32

    /// Opens a file and proves the arithmetic of its size and its two meta pages.
    ///
    /// - Throws: `DatabaseError`, with the code `inUse` if a process holds bbolt's lock on the file.
    public convenience init(path: String) throws(DatabaseError) {
        try self.init(path: path, isLockIgnored: false)
    }

    /// Opens a file as above; a caller who holds the lock itself knows that nobody writes.
    ///
    /// Errors call the file by `name` if its path means nothing to people.
    package init(path place: String, isLockIgnored: Bool, name: String? = nil) throws(DatabaseError) {
        let path = name ?? place
        let descriptor = open(place, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, doing: "opening the file", errno: errno) }
        do throws(DatabaseError) {
            byteCount = try Self.regularSize(of: descriptor, path: path)
            if !isLockIgnored { try Self.refuseIfLocked(descriptor, path: path) }
            meta = try Self.readMeta(descriptor, path: path, byteCount: byteCount)
            trailer = try Self.readTrailer(descriptor, path: path, byteCount: byteCount)
            try Self.checkSize(byteCount - (trailer?.count ?? 0), isSnapshot: trailer != nil, meta: meta, path: path)
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit {
        close(descriptor)
    }

    /// Proves that the sha256 trailer belongs to the bytes before it, by reading all of them.
    ///
    /// bbolt has no checksums on pages of data, so this alone finds a flipped bit in a value.
    /// Returns the sha256 of the whole file, the trailer included, as `sha256sum` prints it.
    @discardableResult
    public func verifyTrailer() throws(DatabaseError) -> [UInt8] {
        guard let trailer else {
            throw DatabaseError(.trailerMissing, path: path, "the file does not end in a sha256 trailer")
        }
        let content = byteCount - trailer.count
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var digest = SHA256()
        var offset = 0
        while offset < content {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<min(buffer.count, content - offset)])
            try PageReader.fill(part, from: descriptor, at: offset, path: path)
            digest.update(UnsafeRawBufferPointer(part))
            offset += part.count
            if Task.isCancelled { throw DatabaseError(.cancelled, path: path, "reading was cancelled") }
        }
        let computed = digest.finalize()
        guard computed == trailer else {
            throw DatabaseError(
                .trailerMismatch, path: path,
                "the sha256 trailer is \(Hex.encode(trailer)) but the bytes have \(Hex.encode(computed))")
        }
        digest.update(trailer)
        return digest.finalize()
    }

    /// A reader over the pages, with a window of its own, so that several walks may run at once.
    func makeReader() -> PageReader {
        PageReader(descriptor: descriptor, path: path, pageSize: meta.pageSize, pageCount: meta.pageCount)
    }

    /// A snapshot is exactly its pages and the trailer; a member's file may be longer, as bbolt grows it ahead.
    private static func checkSize(
        _ content: Int, isSnapshot: Bool, meta: DatabaseMeta, path: String
    ) throws(DatabaseError) {
        let expected = Int(meta.pageCount) * meta.pageSize
        guard isSnapshot ? content == expected : content >= expected else {
            throw DatabaseError(
                .damaged, path: path,
                "the file holds \(content) bytes\(isSnapshot ? " before its trailer" : ""), but its "
                    + "\(meta.pageCount) pages of \(meta.pageSize) bytes are \(expected)")
        }
    }

    private static func regularSize(of descriptor: Int32, path: String) throws(DatabaseError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .unreadable(path: path, doing: "asking for the size of the file", errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DatabaseError(.notADatabase, path: path, "this is not a regular file")
        }
        return Int(status.st_size)
    }

    /// bbolt holds an exclusive lock on a file it writes to; reading under it would see half a transaction.
    private static func refuseIfLocked(_ descriptor: Int32, path: String) throws(DatabaseError) {
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
            flock(descriptor, LOCK_UN)
        } else if errno == EWOULDBLOCK {
            throw DatabaseError(.inUse, path: path, "another process, most likely etcd, is writing to the file")
        }
    }

    /// A snapshot's size is a multiple of 512 bytes plus the 32 of a sha256; etcdctl decides by the same rule.
    private static func readTrailer(
        _ descriptor: Int32, path: String, byteCount: Int
    ) throws(DatabaseError) -> [UInt8]? {
        guard byteCount % 512 == SHA256.byteCount else { return nil }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SHA256.byteCount, alignment: 16)
        defer { buffer.deallocate() }
        try PageReader.fill(buffer, from: descriptor, at: byteCount - SHA256.byteCount, path: path)
        return Array(buffer)
    }

    /// The valid meta page with the highest transaction.
    ///
    /// A snapshot has two valid ones, written together; a member's file may have one torn by a crash.
    private static func readMeta(
        _ descriptor: Int32, path: String, byteCount: Int
    ) throws(DatabaseError) -> DatabaseMeta {
        guard byteCount >= 4 * 1024 else {
            throw DatabaseError(.notADatabase, path: path, "the file has only \(byteCount) bytes")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DatabaseMeta.size, alignment: 16)
        defer { buffer.deallocate() }
        try PageReader.fill(buffer, from: descriptor, at: 0, path: path)
        let isSnapshot = byteCount % 512 == SHA256.byteCount
        var first: DatabaseMeta?
        var flaw: DatabaseMeta.Flaw?
        do throws(DatabaseMeta.Flaw) {
            first = try DatabaseMeta(UnsafeRawBufferPointer(buffer), number: 0)
        } catch {
            flaw = error
        }
        // Where the second page starts depends on the page size, which a torn first page cannot tell.
        let sizes = first.map { [$0.pageSize] } ?? (10...16).map { 1 << $0 }
        var second: DatabaseMeta?
        for size in sizes where second == nil && size + DatabaseMeta.size <= byteCount {
            try PageReader.fill(buffer, from: descriptor, at: size, path: path)
            do throws(DatabaseMeta.Flaw) {
                second = try DatabaseMeta(UnsafeRawBufferPointer(buffer), number: 1)
            } catch {
                flaw = flaw ?? error
            }
        }
        let metas = [first, second].compactMap(\.self)
        if let flaw, isSnapshot || metas.isEmpty {
            let isForeign = flaw.isForeign && metas.isEmpty
            throw DatabaseError(isForeign ? .notADatabase : .damaged, path: path, page: nil, flaw.detail)
        }
        guard let newest = metas.max(by: { $0.transaction < $1.transaction }) else {
            throw DatabaseError(.notADatabase, path: path, "there is no meta page")
        }
        if isSnapshot, metas.contains(where: { $0.pageCount != newest.pageCount || $0.root != newest.root }) {
            throw DatabaseError(.damaged, path: path, "the two meta pages do not describe the same snapshot")
        }
        return newest
    }
}
