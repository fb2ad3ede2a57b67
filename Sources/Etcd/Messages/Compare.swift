/// A condition of a transaction on one key, or on every key of a range.
public struct Compare: Sendable, Hashable {
    /// How the two sides must stand to each other.
    public enum Relation: Int, Sendable, Hashable {
        /// The same.
        case equal = 0
        /// The key's is greater.
        case greater = 1
        /// The key's is less.
        case less = 2
        /// Not the same.
        case notEqual = 3
    }

    /// What of the key is compared, and with what.
    public enum Target: Sendable, Hashable {
        /// How often it was written since its creation; 0 for a key that does not exist.
        case version(Int64)
        /// The revision of its creation; 0 for a key that does not exist.
        case createRevision(Int64)
        /// The revision of its last change; 0 for a key that does not exist.
        case modRevision(Int64)
        /// What it holds.
        case value([UInt8])
        /// Its lease; 0 for none.
        case lease(Int64)
    }

    /// The keys.
    public var range: KeyRange
    /// The relation.
    public var relation: Relation
    /// The target.
    public var target: Target

    /// Makes a condition on every key of a range.
    public init(_ range: KeyRange, _ relation: Relation, _ target: Target) {
        self.range = range
        self.relation = relation
        self.target = target
    }

    /// The condition that a key exists.
    public static func exists(_ key: [UInt8]) -> Compare { Compare(.key(key), .greater, .createRevision(0)) }

    /// The condition that a key does not exist.
    public static func isAbsent(_ key: [UInt8]) -> Compare { Compare(.key(key), .equal, .createRevision(0)) }

    /// The condition that a key was last changed at `revision`, which makes a transaction safe to send again.
    public static func isUnchanged(_ key: [UInt8], since revision: Int64) -> Compare {
        Compare(.key(key), .equal, .modRevision(revision))
    }
}

extension Compare: EncodableMessage {
    func encode(to writer: inout ProtobufWriter) {
        writer.uint64(1, UInt64(relation.rawValue))
        // The target is a oneof: its value is written even when it is zero, or the server would see none.
        switch target {
        case .version(let number):
            writer.uint64(2, 0)
            writer.bytes(3, range.start)
            writer.int64(4, number, isRequired: true)
        case .createRevision(let revision):
            writer.uint64(2, 1)
            writer.bytes(3, range.start)
            writer.int64(5, revision, isRequired: true)
        case .modRevision(let revision):
            writer.uint64(2, 2)
            writer.bytes(3, range.start)
            writer.int64(6, revision, isRequired: true)
        case .value(let value):
            writer.uint64(2, 3)
            writer.bytes(3, range.start)
            writer.bytes(7, value, isRequired: true)
        case .lease(let id):
            writer.uint64(2, 4)
            writer.bytes(3, range.start)
            writer.int64(8, id, isRequired: true)
        }
        writer.bytes(64, range.encodedEnd)
    }
}
