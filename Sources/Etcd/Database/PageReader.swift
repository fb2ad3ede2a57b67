import Glibc

/// The pages of a database file, seen through one small window of memory.
///
/// The file is read with `pread`, not mapped: a mapped file that shrinks, lies on a failing disk or on a network
/// mount kills the whole process with SIGBUS, where a read gives an error that can be reported. It also keeps the
/// memory of a verification flat whatever the size of the database. The window grows while pages are asked for in
/// file order and shrinks when the order jumps.
final class PageReader {
    let path: String
    let pageSize: Int
    /// The number of pages in use by the database; every page number must be below it.
    let pageCount: UInt64

    private let descriptor: Int32
    private var window: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var stride: Int

    private static let smallestRead = 16 << 10
    private static let largestRead = 512 << 10

    /// Reads pages through a descriptor that the caller keeps open for as long as the reader lives.
    init(descriptor: Int32, path: String, pageSize: Int, pageCount: UInt64) {
        self.descriptor = descriptor
        self.path = path
        self.pageSize = pageSize
        self.pageCount = pageCount
        stride = Self.smallestRead
        window = .allocate(byteCount: max(Self.largestRead, pageSize), alignment: 16)
    }

    deinit {
        window.deallocate()
    }

    /// The page of a number with all its overflow pages, valid until the next page is asked for.
    func page(_ id: UInt64) throws(DatabaseError) -> Page {
        guard id >= 2, id < pageCount else {
            throw damage(id, "the page is asked for but the database has pages 2 to \(pageCount - 1)")
        }
        let offset = Int(id) * pageSize
        let header = PageHeader(try bytes(at: offset, count: pageSize))
        guard header.id == id else {
            throw damage(id, "the page calls itself page \(header.id)")
        }
        guard UInt64(header.overflow) < pageCount - id else {
            throw damage(id, "the page claims \(header.overflow) overflow pages, more than the file has left")
        }
        let extent = try extent(of: header, at: offset)
        let span = (Int(header.overflow) + 1) * pageSize
        // bbolt allocates size / pageSize + 1 pages, newer releases one less if the size is a multiple; the size of a
        // free list is overestimated on purpose.
        guard extent <= span, extent + pageSize >= span || header.kind == .freelist else {
            throw damage(id, "the page spans \(span) bytes but its content \(extent)")
        }
        return Page(header: header, bytes: try bytes(at: offset, count: span))
    }

    /// The number of bytes the content of a page takes, by its last element.
    ///
    /// Looked at before the overflow pages are read, so that a damaged count cannot ask for gigabytes.
    private func extent(of header: PageHeader, at offset: Int) throws(DatabaseError) -> Int {
        let count = Int(header.count)
        switch header.kind {
        case .leaf, .branch:
            guard count > 0 else { return PageHeader.size }
            let last = PageHeader.size + (count - 1) * PageElement.size
            guard last + PageElement.size <= (Int(header.overflow) + 1) * pageSize else {
                throw damage(header.id, "the page claims \(count) elements, more than fit into it")
            }
            let element = PageElement(
                try bytes(at: offset + last, count: PageElement.size), isLeaf: header.kind == .leaf)
            return last + element.position + element.keySize + element.valueSize
        case .freelist:
            guard header.count == .max else { return PageHeader.size + count * 8 }
            let head = try bytes(at: offset + PageHeader.size, count: 8)
            let listed = head.loadUnaligned(as: UInt64.self).littleEndian
            guard listed < pageCount else {
                throw damage(header.id, "the page lists \(listed) free pages of \(pageCount) there are")
            }
            return PageHeader.size + 8 + Int(listed) * 8
        case nil:
            throw damage(header.id, "the page has the unknown kind \(header.flags)")
        }
    }

    /// The bytes of a range of the file, valid until the next call.
    func bytes(at offset: Int, count: Int) throws(DatabaseError) -> UnsafeRawBufferPointer {
        if offset < start || offset + count > end {
            try refill(at: offset, count: count)
        }
        return UnsafeRawBufferPointer(rebasing: window[(offset - start)..<(offset - start + count)])
    }

    private func refill(at offset: Int, count: Int) throws(DatabaseError) {
        let isForward = offset >= start && offset <= end
        stride = isForward ? min(stride * 2, Self.largestRead) : Self.smallestRead
        let limit = Int(pageCount) * pageSize
        let wanted = min(max(count, stride), limit - offset)
        if wanted > window.count {
            window.deallocate()
            window = .allocate(byteCount: wanted, alignment: 16)
        }
        start = offset
        end = offset
        let target = UnsafeMutableRawBufferPointer(rebasing: window[0..<wanted])
        try Self.fill(target, from: descriptor, at: offset, path: path)
        end = offset + wanted
    }

    /// Reads exactly as many bytes as the buffer holds.
    static func fill(
        _ target: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int, path: String
    ) throws(DatabaseError) {
        var done = 0
        while done < target.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if got > 0 {
                done += got
            } else if got == 0 {
                throw DatabaseError(
                    .damaged, path: path,
                    "the file ends at byte \(offset + done), before the \(target.count) bytes at \(offset) are read")
            } else if errno != EINTR {
                throw .unreadable(path: path, doing: "reading \(target.count) bytes at \(offset)", errno: errno)
            }
        }
    }

    func damage(_ page: UInt64?, _ detail: String) -> DatabaseError {
        DatabaseError(.damaged, path: path, page: page, detail)
    }
}
