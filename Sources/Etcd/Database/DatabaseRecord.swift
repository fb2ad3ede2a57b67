/// One entry of the `key` bucket: a version of a key, or the tombstone that ended it.
///
/// The bytes belong to the reader's window and end with the call they are handed to.
package struct DatabaseRecord {
    /// The transaction that wrote the record.
    package let revision: RecordRevision
    /// Whether the record marks the deletion of its key.
    package let isTombstone: Bool
    /// The key, its value and its place in history; a tombstone has a key only.
    ///
    /// Without a key this is the marker that `etcdutl snapshot restore --bump-revision` leaves.
    package let content: KeyValueView

    /// Reads an entry and proves what must hold for any record by itself; `fault` makes the error of a broken rule.
    init(_ entry: Page.Entry, fault: (String) -> DatabaseError) throws(DatabaseError) {
        guard entry.element.flags == 0, let parsed = RecordRevision.parse(entry.key) else {
            throw fault("the key bucket holds an entry whose name is not a revision")
        }
        revision = parsed.revision
        isTombstone = parsed.isTombstone
        do throws(ProtobufError) {
            content = try KeyValueView(decoding: entry.value)
        } catch {
            throw fault("the record of revision \(parsed.revision) is not a valid message (\(error))")
        }
        if isTombstone {
            guard !content.key.isEmpty else { throw fault("the tombstone of revision \(revision) names no key") }
        } else if !entry.value.isEmpty {
            guard !content.key.isEmpty, content.modRevision == revision.main, content.version > 0,
                content.createRevision > 0, content.createRevision <= content.modRevision
            else {
                throw fault(
                    "the record of revision \(revision) contradicts itself: key of \(content.key.count) bytes, created "
                        + "at \(content.createRevision), modified at \(content.modRevision), version \(content.version)"
                )
            }
        }
    }
}

/// A revision with its place in the transaction, as etcd names records: `main_sub`.
package struct RecordRevision: Comparable, CustomStringConvertible, Sendable {
    /// The revision of the transaction.
    package let main: Int64
    /// The place within the transaction, from 0.
    package let sub: Int64

    /// The revision as etcd's tools print it.
    package var description: String { sub == 0 ? "\(main)" : "\(main)/\(sub)" }

    /// The name of the record in the key bucket, without the mark of a tombstone.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(18)
        withUnsafeBytes(of: main.bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "_"))
        withUnsafeBytes(of: sub.bigEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Whether one record was written before another.
    package static func < (left: Self, right: Self) -> Bool {
        (left.main, left.sub) < (right.main, right.sub)
    }

    /// Reads a name in the key bucket: main as i64 big-endian, `_`, sub as i64 big-endian, and `t` for a tombstone.
    static func parse(_ name: UnsafeRawBufferPointer) -> (revision: RecordRevision, isTombstone: Bool)? {
        guard name.count == 17 || name.count == 18 && name[17] == UInt8(ascii: "t"), name[8] == UInt8(ascii: "_") else {
            return nil
        }
        let main = name.bigEndian(at: 0, as: Int64.self)
        let sub = name.bigEndian(at: 9, as: Int64.self)
        guard main >= 0, sub >= 0 else { return nil }
        return (RecordRevision(main: main, sub: sub), name.count == 18)
    }
}
