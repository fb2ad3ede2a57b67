/// What a meta page says: where the tree starts and how far the file is in use.
///
/// bbolt keeps two meta pages, 0 and 1, and writes them in turn, so that one survives a torn write. Both hold a
/// checksum of themselves; pages of data hold none.
struct DatabaseMeta: Equatable {
    /// The bytes from the start of a meta page to the end of its checksum.
    static let size = 80

    let pageSize: Int
    let root: UInt64
    let freelist: UInt64
    /// The number of pages in use, which is also the number of the first page never used.
    let pageCount: UInt64
    let transaction: UInt64

    /// No free list is stored; etcd asks for that on Linux.
    static let noFreelist = UInt64.max

    /// Why a meta page is not valid, as a clause.
    struct Flaw: Error {
        let isForeign: Bool
        let detail: String
    }

    /// Reads and checks a meta page from at least `size` bytes; its header has to repeat its number, 0 or 1.
    init(_ bytes: UnsafeRawBufferPointer, number: UInt64) throws(Flaw) {
        func word(_ offset: Int) -> UInt32 { bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian }
        func long(_ offset: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian }
        guard word(16) == 0xED0C_DAED else {
            throw Flaw(isForeign: true, detail: "meta page \(number) does not start with bbolt's magic number")
        }
        guard word(20) == 2 else {
            throw Flaw(isForeign: true, detail: "meta page \(number) is of format \(word(20)), only format 2 is known")
        }
        let checksum = Self.fnv1a(UnsafeRawBufferPointer(rebasing: bytes[16..<72]))
        guard long(72) == checksum else {
            throw Flaw(isForeign: false, detail: "the checksum of meta page \(number) is wrong")
        }
        let header = PageHeader(bytes)
        guard header.id == number, header.flags == 0x04 else {
            throw Flaw(isForeign: false, detail: "meta page \(number) has the header of page \(header.id)")
        }
        pageSize = Int(word(24))
        root = long(32)
        freelist = long(48)
        pageCount = long(56)
        transaction = long(64)
        guard pageSize >= 1024, pageSize <= 1 << 16, pageSize & (pageSize - 1) == 0 else {
            throw Flaw(isForeign: false, detail: "meta page \(number) names the impossible page size \(pageSize)")
        }
        guard pageCount >= 3, pageCount < 1 << 44 else {
            throw Flaw(isForeign: false, detail: "meta page \(number) names the impossible page count \(pageCount)")
        }
    }

    /// A meta page up to the end of its checksum, without a stored free list; page 1 is that of the later transaction.
    static func page(_ number: UInt64, pageSize: Int, root: UInt64, pageCount: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        func append<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(number)
        append(UInt16(0x04))
        append(UInt16(0))
        append(UInt32(0))
        append(UInt32(0xED0C_DAED))
        append(UInt32(2))
        append(UInt32(pageSize))
        append(UInt32(0))
        append(root)
        append(UInt64(0))
        append(noFreelist)
        append(pageCount)
        append(1 + number)
        append(bytes.span.withUnsafeBytes { fnv1a(UnsafeRawBufferPointer(rebasing: $0[16...])) })
        return bytes
    }

    /// The 64-bit FNV-1a hash that bbolt protects its meta pages with.
    private static func fnv1a(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
