import Crypto
import Glibc

/// The pages of a database file that is being written, one after the other from page 2 on; pages 0 and 1 come last.
///
/// A file that is not finished goes away with this object.
final class PageOutput {
    let path: String
    let pageSize: Int
    /// The number of the next page.
    private(set) var next: UInt64 = 2

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var offset: Int
    private var isFinished = false

    private static let flushSize = 1 << 20

    /// Creates the file, which must not exist.
    init(path: String, pageSize: Int = 4096) throws(DatabaseError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        self.path = path
        self.pageSize = pageSize
        offset = 2 * pageSize
        guard descriptor >= 0 else { throw .unreadable(path: path, doing: "creating the file", errno: errno) }
        buffer.reserveCapacity(Self.flushSize + 16 * pageSize)
    }

    deinit {
        guard descriptor >= 0 else { return }
        if !isFinished { removeFile() }
        close(descriptor)
    }

    /// Writes a page, with as many overflow pages as its content needs, and returns its number.
    func write(_ node: PageNode) throws(DatabaseError) -> UInt64 {
        let id = next
        let size = node.byteCount
        let pages = (size + pageSize - 1) / pageSize
        append(id)
        append(node.isLeaf ? UInt16(0x02) : 0x01)
        append(UInt16(node.elements.count))
        append(UInt32(pages - 1))
        var position = node.elements.count * PageElement.size
        for element in node.elements {
            if node.isLeaf {
                append(UInt32(element.isBucket ? 1 : 0))
                append(UInt32(position))
                append(UInt32(element.keySize))
                append(UInt32(element.valueSize))
            } else {
                append(UInt32(position))
                append(UInt32(element.keySize))
                append(element.child)
            }
            // Counted from the element's own first byte.
            position += element.keySize + element.valueSize - PageElement.size
        }
        buffer.append(contentsOf: node.data)
        buffer.append(contentsOf: repeatElement(0, count: pages * pageSize - size))
        next += UInt64(pages)
        if buffer.count >= Self.flushSize { try flush() }
        return id
    }

    /// Writes both meta pages and the sha256 of everything behind the pages, as a snapshot has it.
    ///
    /// - Returns: the sha256 of the whole file, its trailer included.
    func finish(root: UInt64) throws(DatabaseError) -> [UInt8] {
        try flush()
        var metas: [UInt8] = []
        for number in 0..<UInt64(2) {
            let page = DatabaseMeta.page(number, pageSize: pageSize, root: root, pageCount: next)
            metas += page + [UInt8](repeating: 0, count: pageSize - page.count)
        }
        try write(metas, at: 0)
        var digest = SHA256()
        let part = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.flushSize, alignment: 16)
        defer { part.deallocate() }
        var done = 0
        while done < offset {
            let piece = UnsafeMutableRawBufferPointer(rebasing: part[0..<min(part.count, offset - done)])
            try PageReader.fill(piece, from: descriptor, at: done, path: path)
            digest.update(UnsafeRawBufferPointer(piece))
            done += piece.count
        }
        let trailer = digest.finalize()
        try write(trailer, at: offset)
        digest.update(trailer)
        isFinished = true
        return digest.finalize()
    }

    /// Removes the file unless something else has its path by now.
    private func removeFile() {
        var (own, named) = (stat(), stat())
        guard fstat(descriptor, &own) == 0, stat(path, &named) == 0, own.st_ino == named.st_ino,
            own.st_dev == named.st_dev
        else { return }
        unlink(path)
    }

    private func flush() throws(DatabaseError) {
        try write(buffer, at: offset)
        offset += buffer.count
        buffer.removeAll(keepingCapacity: true)
        if Task.isCancelled { throw DatabaseError(.cancelled, path: path, "writing was cancelled") }
    }

    private func write(_ bytes: [UInt8], at start: Int) throws(DatabaseError) {
        try bytes.span.withUnsafeBytes { (bytes) throws(DatabaseError) in
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(start + done))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    throw .unreadable(path: path, doing: "writing \(rest.count) bytes", errno: errno)
                }
                done += count
            }
        }
    }

    private func append<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { buffer.append(contentsOf: $0) }
    }
}

/// A page in the making: a table of elements, and their keys and values behind it.
struct PageNode {
    /// One line of the table.
    struct Element {
        var keySize: Int
        var valueSize = 0
        var isBucket = false
        var child: UInt64 = 0
    }

    let isLeaf: Bool
    private(set) var elements: [Element] = []
    private(set) var data: [UInt8] = []

    init(isLeaf: Bool) {
        self.isLeaf = isLeaf
    }

    /// The bytes the page takes.
    var byteCount: Int { PageHeader.size + elements.count * PageElement.size + data.count }

    /// The first key.
    var firstKey: [UInt8] { elements.first.map { Array(data[0..<$0.keySize]) } ?? [] }

    /// Whether an entry still fits; the first one always does, with overflow pages if need be.
    func hasRoom(for size: Int, pageSize: Int) -> Bool {
        elements.isEmpty || byteCount + PageElement.size + size <= pageSize && elements.count < 0xFFFE
    }

    mutating func add(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, isBucket: Bool = false) {
        elements.append(Element(keySize: key.count, valueSize: value.count, isBucket: isBucket))
        data.append(contentsOf: key)
        data.append(contentsOf: value)
    }

    mutating func add(_ key: [UInt8], child: UInt64) {
        elements.append(Element(keySize: key.count, child: child))
        data.append(contentsOf: key)
    }

    mutating func removeAll() {
        elements.removeAll(keepingCapacity: true)
        data.removeAll(keepingCapacity: true)
    }
}
