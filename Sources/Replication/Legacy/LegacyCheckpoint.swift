internal import Crypto
internal import Etcd
internal import Model

/// How far a replication of a v2 store is, as it stands at the destination in one key.
///
/// Every transaction has the condition that nobody else has changed this key, so that what an earlier process left on
/// the way is never applied late, and two of them cannot write at a time.
struct LegacyCheckpoint: Sendable, Hashable {
    /// The cluster ID of the source.
    var sourceID: UInt64
    /// The source's index up to which everything is here; 0 before the first walk has ended.
    var index: UInt64 = 0
    /// The destination's revision before anything was written: what was changed later is ours.
    var base: Int64
    /// The policy it was begun with.
    var policy: ConflictPolicy
    /// `LegacyMapping.digest` of the mapping it was begun with.
    var mapping: String
    /// Drawn anew by every process.
    var session: String = Hex.encode(RandomBytes.make(count: 8))

    /// The key for a migration's checkpoint.
    static func key(_ name: String) -> [UInt8] { CopyState.reserved + [UInt8]("\(name)/v2-checkpoint".utf8) }

    /// The key's value: JSON, for people.
    var encoded: [UInt8] {
        Value.object([
            "source": .string(String(sourceID, radix: 16)), "index": .integer(Int64(clamping: index)),
            "base": .integer(base), "policy": .string(policy.rawValue), "mapping": .string(mapping),
            "session": .string(session),
        ]).jsonBytes
    }
}

extension LegacyCheckpoint {
    /// Reads a key's value; nil if it is not a checkpoint.
    init?(decoding bytes: [UInt8]) {
        guard let value = try? Value(json: bytes), let source = value["source"]?.string,
            let sourceID = UInt64(source, radix: 16), let index = value["index"]?.integer,
            let base = value["base"]?.integer, let session = value["session"]?.string,
            let policy = value["policy"]?.string.flatMap(ConflictPolicy.init), let mapping = value["mapping"]?.string
        else { return nil }
        self.init(
            sourceID: sourceID, index: UInt64(clamping: index), base: base, policy: policy, mapping: mapping,
            session: session)
    }
}

/// The hidden nodes that were met, as they stand at the destination in a key of their own.
///
/// Without them the next walk would not see those nodes, and would take their keys for keys that have vanished.
enum LegacyHiddenList {
    /// More than this would not fit into a transaction, and nobody hides so many.
    static let mostNodes = 10_000

    /// The key for a migration's list.
    static func key(_ name: String) -> [UInt8] { CopyState.reserved + [UInt8]("\(name)/v2-hidden".utf8) }

    /// The key's value: a JSON list of paths.
    static func encode(_ paths: Set<LegacyPath>) -> [UInt8] {
        Value.array(paths.map(\.description).sorted().map { .string($0) }).jsonBytes
    }

    /// Reads a key's value.
    static func decode(_ bytes: [UInt8]) -> Set<LegacyPath> {
        let list = (try? Value(json: bytes))?.array ?? []
        return Set(list.compactMap(\.string).map { LegacyPath($0) })
    }
}
