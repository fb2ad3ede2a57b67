/// What takes the space in a database: keys and bytes below each prefix, and the largest keys.
public struct KeyspaceProfile: Sendable, Equatable {
    /// The keys that begin alike.
    public struct Prefix: Sendable, Equatable {
        /// The beginning, up to and with a slash; empty stands for all that is not told apart.
        public internal(set) var name: [UInt8]
        /// The number of keys that exist at the latest revision.
        public internal(set) var keys = 0
        /// The bytes of those keys and their values.
        public internal(set) var bytes = 0
        /// The number of all their versions that are still held, tombstones included.
        public internal(set) var records = 0
        /// The bytes of all those versions.
        public internal(set) var recordBytes = 0
    }

    /// A key with much in it.
    public struct LargeKey: Sendable, Equatable {
        /// The key.
        public let key: [UInt8]
        /// The bytes of key and value.
        public let bytes: Int
        /// How often it was written since it was made.
        public let version: Int64
        /// The revision at which it was last written.
        public let modRevision: Int64
    }

    /// The prefixes, those with most bytes in all their versions first.
    public internal(set) var prefixes: [Prefix] = []
    /// The largest keys, the largest first.
    public internal(set) var largest: [LargeKey] = []

    /// More prefixes than this are put together under the empty one, so that memory stays small whatever the keys.
    static let mostPrefixes = 100_000
}

/// The profile in the making.
struct KeyspaceProfiler {
    private let depth: Int
    private let largestCount: Int
    private var prefixes: [[UInt8]: KeyspaceProfile.Prefix] = [:]
    private var largest: [KeyspaceProfile.LargeKey] = []

    init(depth: Int, largestCount: Int) {
        self.depth = depth
        self.largestCount = largestCount
    }

    mutating func add(_ record: DatabaseRecord, isLive: Bool) {
        let content = record.content
        guard !content.key.isEmpty else { return }
        let bytes = content.key.count + content.value.count
        var name = Array(content.key.prefix(prefixLength(of: content.key)))
        if prefixes[name] == nil, prefixes.count >= KeyspaceProfile.mostPrefixes { name = [] }
        prefixes[name, default: KeyspaceProfile.Prefix(name: name)].count(bytes, isLive: isLive)
        guard isLive, largestCount > 0 else { return }
        if largest.count == largestCount, let smallest = largest.last, smallest.bytes >= bytes { return }
        let place = largest.firstIndex { $0.bytes < bytes } ?? largest.count
        largest.insert(
            KeyspaceProfile.LargeKey(
                key: Array(content.key), bytes: bytes, version: content.version, modRevision: content.modRevision),
            at: place)
        if largest.count > largestCount { largest.removeLast() }
    }

    var profile: KeyspaceProfile {
        var profile = KeyspaceProfile()
        profile.prefixes = prefixes.values.sorted {
            ($1.recordBytes, $0.name) < ($0.recordBytes, $1.name)
        }
        profile.largest = largest
        return profile
    }

    /// Up to and with the slash behind so many names; a slash at the very beginning starts the first name.
    private func prefixLength(of key: UnsafeRawBufferPointer) -> Int {
        var names = 0
        for index in key.indices.dropFirst() where key[index] == UInt8(ascii: "/") {
            names += 1
            if names == depth { return index + 1 }
        }
        return 0
    }
}

extension KeyspaceProfile.Prefix {
    fileprivate mutating func count(_ size: Int, isLive: Bool) {
        records += 1
        recordBytes += size
        guard isLive else { return }
        keys += 1
        bytes += size
    }
}

/// Orders pairs of a number and a name.
private func < (left: (Int, [UInt8]), right: (Int, [UInt8])) -> Bool {
    left.0 != right.0 ? left.0 < right.0 : left.1.lexicographicallyPrecedes(right.1)
}
