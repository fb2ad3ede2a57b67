public import Etcd

/// Which directories of a v2 store become which keys.
///
/// A key keeps its value byte by byte, and its name below the directory of a rule: with the rule from `/a` to `/x/`,
/// `/a/b/c` becomes `/x/b/c`. Directories are no keys unless `keepsDirectories` says so.
public struct LegacyMapping: Sendable, Hashable {
    /// One directory and where its content goes.
    public struct Rule: Sendable, Hashable {
        /// The directory; what lies in it is taken, with all below.
        public var source: LegacyPath
        /// What the keys begin with at the destination, to the last byte: usually it ends with a slash.
        public var prefix: [UInt8]

        /// Makes a rule.
        public init(from source: LegacyPath, to prefix: String) {
            self.source = source
            self.prefix = [UInt8](prefix.utf8)
        }
    }

    /// The rules; no directory lies in another one's, and no prefix begins with another one.
    public let rules: [Rule]
    /// Whether a directory becomes a key of its own, its path with a slash at the end and no value.
    ///
    /// Only so is an empty directory known at the destination.
    public let keepsDirectories: Bool

    /// Everything, under its own name: `/a/b` becomes `/a/b`.
    public static let everything = LegacyMapping(uncheckedRules: [Rule(from: .root, to: "/")], false)

    /// Makes a mapping.
    ///
    /// - Throws: `ReplicationError` with `unsupported` without a rule, for rules that overlap, and for a prefix in
    ///   which migrations keep their own state.
    public init(_ rules: [Rule], keepsDirectories: Bool = false) throws(ReplicationError) {
        guard !rules.isEmpty else {
            throw Self.invalid("it has no rule", remedy: "name a directory, / for everything")
        }
        for (index, rule) in rules.enumerated() {
            let name = String(decoding: rule.prefix, as: UTF8.self)
            guard !rule.prefix.starts(with: CopyState.reserved) else {
                throw Self.invalid(
                    "the prefix \"\(name)\" is where migrations keep their state", remedy: "take another")
            }
            for other in rules.dropFirst(index + 1) {
                guard !rule.source.contains(other.source), !other.source.contains(rule.source) else {
                    throw Self.invalid(
                        "the directories \(rule.source) and \(other.source) lie in each other",
                        remedy: "name each only once")
                }
                guard !rule.prefix.starts(with: other.prefix), !other.prefix.starts(with: rule.prefix) else {
                    throw Self.invalid(
                        "the prefixes \"\(name)\" and \"\(String(decoding: other.prefix, as: UTF8.self))\" overlap",
                        remedy: "give each directory a prefix of its own")
                }
            }
        }
        self.init(uncheckedRules: rules, keepsDirectories)
    }

    private init(uncheckedRules rules: [Rule], _ keepsDirectories: Bool) {
        self.rules = rules
        self.keepsDirectories = keepsDirectories
    }

    private static func invalid(_ detail: String, remedy: String) -> ReplicationError {
        ReplicationError(.unsupported, "the mapping of the v2 store", detail, remedy: remedy)
    }
}

extension LegacyMapping {
    /// The key that stands for the key at `path`; nil if no rule takes it.
    public func key(for path: LegacyPath) -> [UInt8]? {
        guard let rule = rule(for: path), path != rule.source else { return nil }
        let key = rule.key(for: path)
        return key.starts(with: CopyState.reserved) ? nil : key
    }

    /// The rule for what lies at or below `path`.
    func rule(for path: LegacyPath) -> Rule? { rules.first { $0.source.contains(path) } }

    /// The keys that stand for what lies below a directory: of several rules, if it lies above their directories.
    ///
    /// What migrations keep for themselves is not among them.
    func ranges(below directory: LegacyPath) -> [KeyRange] {
        let rules = rule(for: directory).map { [$0.range(below: directory)] }
        return (rules ?? self.rules.filter { directory.contains($0.source) }.map { $0.range(below: $0.source) })
            .flatMap(Self.withoutReserved)
    }

    /// A range without the keys that migrations keep for themselves.
    private static func withoutReserved(_ range: KeyRange) -> [KeyRange] {
        let reserved = KeyRange.prefix(CopyState.reserved)
        guard range.contains(reserved.start), let end = reserved.upperBound else { return [range] }
        let rest = range.upperBound.map { KeyRange.range(end, before: $0) } ?? .from(end)
        return [.range(range.start, before: reserved.start), rest].filter { !$0.isEmpty }
    }

    /// The rules as one text, which tells whether a migration goes on with those it began with.
    var digest: String {
        let parts = rules.map {
            "\($0.source) \(Array($0.prefix).map { String($0, radix: 16) }.joined(separator: "."))"
        }
        return (parts.sorted() + [keepsDirectories ? "directories" : "keys"]).joined(separator: ";")
    }
}

extension LegacyMapping.Rule {
    /// The key for a path below the directory.
    func key(for path: LegacyPath) -> [UInt8] { prefix + source.relative(path) }

    /// The key for a directory below this rule's.
    func directoryKey(for path: LegacyPath) -> [UInt8] { key(for: path) + [UInt8(ascii: "/")] }

    /// The keys for what lies below a directory, with the one for the directory itself.
    func range(below directory: LegacyPath) -> KeyRange {
        .prefix(directory == source ? prefix : directoryKey(for: directory))
    }
}
