public import Etcd
internal import Model

/// What came out of comparing a v2 store with the keys that stand for it.
public struct LegacyComparison: Sendable, Hashable {
    /// One thing in which they differ.
    public struct Difference: Sendable, Hashable, CustomStringConvertible {
        /// In what.
        public enum Kind: String, Sendable, Hashable {
            /// The destination lacks the key.
            case missing = "Missing"
            /// The destination has a key of ours that stands for nothing.
            case unexpected = "Unexpected"
            /// The values differ.
            case value = "Value"
            /// One ends by itself and the other does not, or at another time.
            case expiration = "Expiration"
        }

        /// In what.
        public let kind: Kind
        /// The key at the destination.
        public let key: [UInt8]
        /// The node of the source; nil for an unexpected key.
        public let path: LegacyPath?

        /// One line for people.
        public var description: String {
            "\(kind.rawValue): \(String(decoding: key, as: UTF8.self))" + (path.map { " for \($0)" } ?? "")
        }
    }

    /// How many differences are kept; all are counted.
    public static let mostDifferences = 1_000

    /// The source's index when it began.
    public internal(set) var index: UInt64 = 0
    /// The destination's revision that was read.
    public internal(set) var revision: Int64 = 0
    /// How many keys of the source were compared.
    public internal(set) var keys = 0
    /// How many differences there are.
    public internal(set) var differenceCount = 0
    /// The first differences, in the order of the keys.
    public internal(set) var differences: [Difference] = []
    /// Whether somebody has changed the source meanwhile, so that differences may only be changes on their way.
    ///
    /// What ended by its time to live does not count: that goes on also when all writers are stopped.
    public internal(set) var sourceMoved = false
    /// The hidden nodes that were compared; others cannot be found.
    public internal(set) var hidden: Set<LegacyPath> = []
    /// Keys or values with U+FFFD: perhaps bytes that are not UTF-8, which the v2 API cannot show.
    public internal(set) var doubtful = 0

    /// Whether nothing differs.
    public var isEqual: Bool { differenceCount == 0 }
    /// Whether it proves that all of the source is at the destination: nothing differs, and nobody writes any more.
    public var isProof: Bool { isEqual && !sourceMoved }

    mutating func add(_ kind: Difference.Kind, _ key: [UInt8], _ path: LegacyPath?) {
        differenceCount += 1
        if differences.count < Self.mostDifferences { differences.append(Difference(kind: kind, key: key, path: path)) }
    }
}

extension LegacyReplication {
    /// How far apart the ends of a key's time may be, in seconds: both are told in whole seconds.
    private static let tolerance: Int64 = 3

    /// Reads the tree anew and compares it with the destination, key by key, in the memory of some pages.
    ///
    /// It is a proof where the source is at rest; where it is not, it says so (`LegacyComparison.sourceMoved`).
    ///
    /// - Throws: `ReplicationError`, with `compacted` if the destination was compacted meanwhile: try again.
    public func compare(
        report: @Sendable (LegacyComparison) -> Void = { _ in }
    ) async throws -> LegacyComparison {
        do {
            return try await compared(report)
        } catch {
            try Task.checkCancellation()
            throw explained(error)
        }
    }

    private func compared(_ report: @Sendable (LegacyComparison) -> Void) async throws -> LegacyComparison {
        var result = LegacyComparison()
        let base = try await writer.checkpoint()?.value.base ?? 0
        if let stored = try await writer.get(LegacyHiddenList.key(name)) {
            result.hidden = LegacyHiddenList.decode(stored.value)
        }
        result.hidden.formUnion(options.hiddenPaths.flatMap(\.hiddenRoots))
        result.index = try await source.index(isQuorum: true).index
        var leases: [Int64: Int64?] = [:]
        for rule in mapping.rules {
            var expiration: Timestamp?
            for path in rule.source.ancestors + [rule.source] where !path.isRoot {
                guard let (node, _) = try await LegacyTreeReader.get(path, source, result.index) else { break }
                expiration = LegacyTreeReader.earliest(expiration, node.expiration)
            }
            let merge = LegacyMerge(
                client: source, destination: destination, mapping: mapping, rule: rule, directory: rule.source,
                expiration: expiration, hidden: result.hidden, minimumIndex: result.index)
            result.revision = try await merge.run { finding, _ in
                switch finding {
                case .directory: break
                case .wanted(let entry, let key, let pair):
                    try await compare(entry, key, pair, &result, &leases)
                    if result.keys % 1_000 == 0 { report(result) }
                case .unwanted(let pair):
                    guard pair.modRevision > base else { return }
                    // What ends in a moment may be gone at the source and not yet here.
                    if pair.lease != 0 {
                        let second = try await self.second(pair.lease, &leases)
                        if (second ?? 0) - source.clock.now.secondsSinceEpoch <= Self.tolerance { return }
                    }
                    result.add(.unexpected, pair.key, nil)
                }
            }
        }
        result.sourceMoved = try await moved(from: result.index, to: try await source.index(isQuorum: true).index)
        report(result)
        return result
    }

    /// Whether between two indexes anything was changed but by times to live.
    ///
    /// An index without an event counts: it may be a renewed time to live, and so a writer.
    func moved(from start: UInt64, to end: UInt64) async throws -> Bool {
        var reached = start
        while reached < end {
            do {
                let found = try await source.historyEvent(from: reached + 1, grace: options.grace)
                guard let event = found.event, event.index == reached + 1, event.action == .expire else { return true }
                reached = event.index
            } catch {
                guard error.code == .indexCleared else { throw error }
                return true
            }
        }
        return false
    }

    private func compare(
        _ entry: LegacyEntry, _ key: [UInt8], _ pair: KeyValue?, _ result: inout LegacyComparison,
        _ leases: inout [Int64: Int64?]
    ) async throws {
        result.keys += 1
        let value = entry.node.value ?? []
        if entry.path.isDamaged || value.containsReplacement { result.doubtful += 1 }
        let ending = entry.expiration.map(LegacyLeases.second)
        guard let pair else {
            if let ending, ending - source.clock.now.secondsSinceEpoch <= Self.tolerance { return }
            return result.add(.missing, key, entry.path)
        }
        guard pair.value == value else { return result.add(.value, key, entry.path) }
        guard ending != nil || pair.lease != 0 else { return }
        let second = pair.lease == 0 ? nil : try await self.second(pair.lease, &leases)
        if let ending, let second, abs(second - ending) <= Self.tolerance { return }
        result.add(.expiration, key, entry.path)
    }

    /// The second in which a lease ends, by the source's clock; nil if it is gone.
    private func second(_ lease: Int64, _ known: inout [Int64: Int64?]) async throws -> Int64? {
        if let second = known[lease] { return second }
        let status = try await writer.perform { (client) throws(EtcdError) in try await client.leaseTimeToLive(lease) }
        let second = status.exists ? (source.clock.now + status.remaining).secondsSinceEpoch : nil
        known[lease] = .some(second)
        return second
    }
}
