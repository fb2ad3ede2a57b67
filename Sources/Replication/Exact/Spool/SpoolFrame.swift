import Etcd

/// How one revision lies in a spool: length, checksum, revision, time, events.
///
/// All numbers are little endian. The checksum (CRC-32C) covers everything behind itself, so that a frame which was
/// written in part, as by a process that was killed, is told from a whole one.
enum SpoolFrame {
    /// The bytes before the events: length of the rest (4), checksum (4), revision (8), time (8).
    static let headerByteCount = 24
    /// No revision is longer: etcd takes no request beyond some megabytes.
    static let maximumByteCount = 1 << 30

    /// A frame whose bytes have been checked.
    struct Header {
        var revision: Int64
        var seenAt: Int64
        /// Where the events lie, from the start of the frame.
        var events: Range<Int>
        /// Where the next frame begins.
        var byteCount: Int { events.upperBound }
    }

    /// Why bytes are no frame.
    enum Failure: Error {
        /// They end too early; so many bytes are needed, as far as is known.
        case short(needed: Int)
        /// They are not what was written.
        case damaged
    }

    /// The events of one revision, encoded as they come.
    struct Encoder {
        private(set) var bytes: [UInt8] = []
        private var start = 0
        private var events = ProtobufWriter()

        /// Starts the frame of a revision.
        mutating func begin(_ revision: Int64, seenAt: Int64) {
            start = bytes.count
            bytes.append(contentsOf: [UInt8](repeating: 0, count: 8))
            withUnsafeBytes(of: revision.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: seenAt.littleEndian) { bytes.append(contentsOf: $0) }
            events.removeAll()
        }

        /// Adds an event.
        mutating func add(_ kind: WatchEvent.Kind, _ pair: KeyValueView) {
            events.message(kind == .put ? 1 : 2) { writer in
                writer.bytes(1, pair.key)
                writer.int64(2, pair.createRevision)
                writer.int64(3, pair.modRevision)
                writer.int64(4, pair.version)
                writer.bytes(5, pair.value)
                writer.int64(6, pair.lease)
            }
        }

        /// Finishes the frame.
        mutating func end() {
            bytes.append(contentsOf: events.bytes)
            let length = UInt32(truncatingIfNeeded: bytes.count - start - 8).littleEndian
            let from = start
            bytes.withUnsafeMutableBytes { all in
                all.storeBytes(of: length, toByteOffset: from, as: UInt32.self)
                var checksum = CRC32C()
                checksum.update(UnsafeRawBufferPointer(rebasing: all[(from + 8)...]))
                all.storeBytes(of: checksum.value.littleEndian, toByteOffset: from + 4, as: UInt32.self)
            }
        }

        /// Forgets the frames and keeps their memory.
        mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
    }

    /// Checks the frame at the start of `bytes`.
    static func header(of bytes: UnsafeRawBufferPointer) throws(Failure) -> Header {
        guard bytes.count >= headerByteCount else { throw .short(needed: headerByteCount) }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        guard length >= headerByteCount - 8, length <= maximumByteCount else { throw .damaged }
        guard bytes.count >= length + 8 else { throw .short(needed: length + 8) }
        var checksum = CRC32C()
        checksum.update(UnsafeRawBufferPointer(rebasing: bytes[8..<(length + 8)]))
        guard checksum.value == UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) else {
            throw .damaged
        }
        return Header(
            revision: Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self)),
            seenAt: Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: Int64.self)),
            events: headerByteCount..<(length + 8))
    }

    /// Decodes the events of a frame that was checked.
    static func changes(_ header: Header, in bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> RevisionChanges {
        var events: [WatchEvent] = []
        var reader = ProtobufReader(UnsafeRawBufferPointer(rebasing: bytes[header.events]))
        while let field = try reader.next() {
            events.append(
                WatchEvent(
                    kind: field.number == 1 ? .put : .delete,
                    keyValue: try KeyValue(decoding: try reader.bytes(field))))
        }
        return RevisionChanges(revision: header.revision, seenAt: header.seenAt, events: events)
    }
}
