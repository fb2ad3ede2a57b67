internal import Crypto
internal import Etcd

/// Which keys of the source are meant, and what they are called at the destination.
///
/// It is a list of prefixes, each of which may be rewritten to another one; an empty list stands for every key under
/// its own name. What a replication keeps about itself (`CopyState`) is never part of it.
public struct KeySelection: Sendable, Hashable, CustomStringConvertible {
    /// A prefix, and what stands in its place at the destination.
    public struct Item: Sendable, Hashable {
        /// What the keys at the source begin with.
        public let prefix: [UInt8]
        /// What they begin with at the destination instead.
        public let target: [UInt8]

        /// Makes an item; without a target the keys keep their names.
        public init(prefix: [UInt8], target: [UInt8]? = nil) {
            self.prefix = prefix
            self.target = target ?? prefix
        }

        /// Makes an item of text; without a target the keys keep their names.
        public init(_ prefix: String, target: String? = nil) {
            self.init(prefix: [UInt8](prefix.utf8), target: target.map { [UInt8]($0.utf8) })
        }
    }

    /// A range of the source and the range of the destination that it becomes, in the same order of keys.
    struct Part: Sendable, Hashable {
        let item: Item
        let source: KeyRange
        let target: KeyRange
    }

    /// The items, in the order given.
    public let items: [Item]
    /// The ranges to read, without what is ours.
    let parts: [Part]

    /// Every key under its own name.
    public static let everything = KeySelection(whole: Item(prefix: []))

    /// Makes a selection; every key if `items` is empty.
    ///
    /// - Throws: `ReplicationError` with `unsupported` if two items take the same key, or make the same one.
    public init(_ items: [Item]) throws(ReplicationError) {
        if items.isEmpty || (items.count == 1 && items[0].prefix.isEmpty && items[0].target.isEmpty) {
            self = .everything
            return
        }
        for (index, item) in items.enumerated() {
            guard !item.prefix.isEmpty else {
                throw Self.refusal("an empty prefix takes every key and stands alone, and cannot be rewritten")
            }
            for prefix in [item.prefix, item.target] where Self.overlap(prefix, CopyState.reserved) {
                throw Self.refusal(
                    "\(Self.text(prefix)) meets \(Self.text(CopyState.reserved)), which is Lodestone's own")
            }
            for other in items[..<index] {
                if Self.overlap(item.prefix, other.prefix) {
                    throw Self.refusal("\(Self.text(item.prefix)) and \(Self.text(other.prefix)) take the same keys")
                }
                if Self.overlap(item.target, other.target) {
                    throw Self.refusal("\(Self.text(item.target)) and \(Self.text(other.target)) make the same keys")
                }
            }
        }
        self.items = items
        parts = items.map { item in
            Part(item: item, source: .prefix(item.prefix), target: .prefix(item.target))
        }
    }

    private init(whole item: Item) {
        items = [item]
        let own = KeyRange.prefix(CopyState.reserved)
        let ranges = [KeyRange.range([0], before: own.start), .from(own.upperBound ?? own.start)]
        parts = ranges.map { Part(item: item, source: $0, target: $0) }
    }

    /// Whether every key is meant.
    public var isEverything: Bool { items.count == 1 && items[0].prefix.isEmpty }

    /// What a key of the source is called at the destination, nil if it is not meant.
    public func target(of key: [UInt8]) -> [UInt8]? {
        key.withUnsafeBytes { target(of: $0) }
    }

    /// What a key of the source is called at the destination, nil if it is not meant.
    func target(of key: UnsafeRawBufferPointer) -> [UInt8]? {
        if isEverything { return key.starts(with: CopyState.reserved) ? nil : [UInt8](key) }
        guard let item = items.first(where: { key.starts(with: $0.prefix) }) else { return nil }
        return item.target + key.dropFirst(item.prefix.count)
    }

    /// The part of the selection whose keys begin with `prefix` at the source.
    ///
    /// - Throws: `ReplicationError` with `unsupported` if it is empty.
    func narrowed(to prefix: String) throws(ReplicationError) -> KeySelection {
        let prefix = [UInt8](prefix.utf8)
        let narrowed = items.compactMap { item -> Item? in
            if item.prefix.starts(with: prefix) { return item }
            guard prefix.starts(with: item.prefix) else { return nil }
            return Item(prefix: prefix, target: item.target + prefix.dropFirst(item.prefix.count))
        }
        guard !narrowed.isEmpty else {
            throw ReplicationError(
                .unsupported, "the selection of keys", "none of it begins with \(Self.text(prefix))",
                remedy: "name the prefix under which Kubernetes keeps what is selected")
        }
        return try KeySelection(narrowed)
    }

    /// What tells two selections apart, in 16 hexadecimal digits.
    var digest: String {
        var hash = SHA256()
        for item in items {
            for bytes in [item.prefix, item.target] {
                hash.update([UInt8]("\(bytes.count):".utf8))
                hash.update(bytes)
            }
        }
        return Hex.encode(Array(hash.finalize().prefix(8)))
    }

    /// The prefixes, with what they become, as a person writes them.
    public var description: String {
        if isEverything { return "every key" }
        return items.map { item in
            item.prefix == item.target
                ? Self.text(item.prefix) : "\(Self.text(item.prefix)) as \(Self.text(item.target))"
        }.joined(separator: ", ")
    }

    private static func overlap(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.starts(with: second) || second.starts(with: first)
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func refusal(_ detail: String) -> ReplicationError {
        ReplicationError(.unsupported, "the selection of keys", detail, remedy: "name prefixes that do not meet")
    }
}
