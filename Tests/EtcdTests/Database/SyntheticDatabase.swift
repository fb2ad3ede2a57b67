@testable import Etcd

/// A database file made by hand, for what a real etcd does only in rare moments.
///
/// All pages of data are one leaf that holds the buckets inline; the pages after it are free.
struct SyntheticDatabase {
    /// One record of the key bucket.
    struct Record {
        var main: Int64
        var sub: Int64 = 0
        var isTombstone = false
        /// The key; empty for the marker of a restore with a revision bump.
        var key: String
        var create: Int64 = 0
        var version: Int64 = 0
        var value = ""

        var name: [UInt8] {
            bigEndian(main) + [UInt8(ascii: "_")] + bigEndian(sub) + (isTombstone ? [UInt8(ascii: "t")] : [])
        }

        var message: [UInt8] {
            guard !key.isEmpty else { return [] }
            var writer = ProtobufWriter()
            writer.bytes(1, Array(key.utf8))
            guard !isTombstone else { return writer.bytes }
            writer.int64(2, create)
            writer.int64(3, main)
            writer.int64(4, version)
            writer.bytes(5, Array(value.utf8))
            return writer.bytes
        }
    }

    var records: [Record] = []
    var scheduledCompact: Int64?
    var finishedCompact: Int64?
    var extraMeta: [(key: String, value: [UInt8])] = []
    var freePages: [UInt64] = []
    var hasFreelist = false

    private static let pageSize = 4096

    var bytes: [UInt8] {
        var meta = extraMeta.map { (Array($0.key.utf8), $0.value) }
        if let scheduledCompact {
            meta.append((Array("scheduledCompactRev".utf8), Record(main: scheduledCompact, key: "").name))
        }
        if let finishedCompact {
            meta.append((Array("finishedCompactRev".utf8), Record(main: finishedCompact, key: "").name))
        }
        meta.sort { $0.0.lexicographicallyPrecedes($1.0) }
        let buckets = [
            ("key", Self.leaf(records.map { ($0.name, $0.message) }, flags: 0)), ("meta", Self.leaf(meta, flags: 0)),
        ]
        let root = Self.leaf(
            buckets.map { name, page in (Array(name.utf8), [UInt8](repeating: 0, count: 16) + page) }, flags: 1)
        let pages = root.count / Self.pageSize + 1
        let high = 3 + UInt64(pages) + (freePages.max().map { $0 + 1 } ?? 0)
        var file = Self.meta(0, root: 3, freelist: hasFreelist ? 2 : .max, high: high)
        file += Self.meta(1, root: 3, freelist: hasFreelist ? 2 : .max, high: high)
        file += Self.freelist(freePages.map { $0 + 3 + UInt64(pages) })
        var body = root
        body.replaceSubrange(0..<8, with: little(UInt64(3)))
        body.replaceSubrange(12..<16, with: little(UInt32(pages - 1)))
        file += body + [UInt8](repeating: 0, count: pages * Self.pageSize - body.count)
        return file + [UInt8](repeating: 0, count: Int(high) * Self.pageSize - file.count)
    }

    /// A leaf page without number and overflow.
    private static func leaf(_ entries: [([UInt8], [UInt8])], flags: UInt32) -> [UInt8] {
        var table: [UInt8] = []
        var data: [UInt8] = []
        for (index, (key, value)) in entries.enumerated() {
            let position = (entries.count - index) * 16 + data.count
            table += little(flags) + little(UInt32(position)) + little(UInt32(key.count)) + little(UInt32(value.count))
            data += key + value
        }
        return little(UInt64(0)) + little(UInt16(2)) + little(UInt16(entries.count)) + little(UInt32(0)) + table + data
    }

    private static func freelist(_ pages: [UInt64]) -> [UInt8] {
        let list =
            little(UInt64(2)) + little(UInt16(0x10)) + little(UInt16(pages.count)) + little(UInt32(0))
            + pages.flatMap(little)
        return list + [UInt8](repeating: 0, count: pageSize - list.count)
    }

    private static func meta(_ number: UInt64, root: UInt64, freelist: UInt64, high: UInt64) -> [UInt8] {
        let head = little(number) + little(UInt16(4)) + little(UInt16(0)) + little(UInt32(0))
        var fields = little(UInt32(0xED0C_DAED)) + little(UInt32(2)) + little(UInt32(pageSize)) + little(UInt32(0))
        fields += little(root) + little(UInt64(0)) + little(freelist) + little(high) + little(10 + number)
        let checksum = fields.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let page = head + fields + little(checksum)
        return page + [UInt8](repeating: 0, count: pageSize - page.count)
    }
}

private func little<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

private func bigEndian(_ number: Int64) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}
