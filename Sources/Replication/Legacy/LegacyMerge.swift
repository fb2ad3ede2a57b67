internal import Etcd
internal import Model

/// Goes through what lies below a directory and through the keys of the destination at once, in the order of the keys,
/// in the memory of a few pages and a few directories.
struct LegacyMerge {
    let client: LegacyClient
    let destination: EtcdEndpoints
    let mapping: LegacyMapping
    let rule: LegacyMapping.Rule
    let directory: LegacyPath
    /// When the directory goes by its own time to live or by that of one it lies in.
    let expiration: Timestamp?
    let hidden: Set<LegacyPath>
    let minimumIndex: UInt64

    /// What is found.
    enum Finding {
        /// A directory, before all that lies in it.
        case directory(LegacyEntry)
        /// What should be a key, and the key if it is there.
        case wanted(LegacyEntry, key: [UInt8], KeyValue?)
        /// A key that stands for nothing.
        case unwanted(KeyValue)
    }

    /// Calls `body` with one finding after the other; `found` is how many keys have been listed so far.
    ///
    /// - Returns: the revision of the destination that was read.
    @discardableResult
    func run(_ body: (Finding, _ found: Int) async throws -> Void) async throws -> Int64 {
        var tree = try await LegacyTreeReader(
            client, below: directory, expiration: expiration, hidden: hidden, minimumIndex: minimumIndex)
        var ahead = try await next(&tree, body)
        let summary = try await KeyspaceReader(destination, rule.range(below: directory)).forEachPage { page in
            for pair in page.keyValues where !pair.key.starts(with: CopyState.reserved) {
                while let (entry, key) = ahead, key.lexicographicallyPrecedes(pair.key) {
                    try await body(.wanted(entry, key: key, nil), tree.found)
                    ahead = try await next(&tree, body)
                }
                if let (entry, key) = ahead, key == pair.key {
                    try await body(.wanted(entry, key: key, pair), tree.found)
                    ahead = try await next(&tree, body)
                } else if !isDirectoryItself(pair.key) {
                    try await body(.unwanted(pair), tree.found)
                }
            }
        }
        while let (entry, key) = ahead {
            try await body(.wanted(entry, key: key, nil), tree.found)
            ahead = try await next(&tree, body)
        }
        return summary.revision
    }

    /// The next entry that is a key.
    private func next(
        _ tree: inout LegacyTreeReader, _ body: (Finding, _ found: Int) async throws -> Void
    ) async throws -> (entry: LegacyEntry, key: [UInt8])? {
        while let entry = try await tree.next() {
            let key: [UInt8]
            if entry.node.isDirectory {
                try await body(.directory(entry), tree.found)
                guard mapping.keepsDirectories else { continue }
                key = rule.directoryKey(for: entry.path)
            } else {
                key = rule.key(for: entry.path)
            }
            if !key.starts(with: CopyState.reserved) { return (entry, key) }
        }
        return nil
    }

    /// Whether a key stands for the directory that is read, which is not among what lies below it.
    private func isDirectoryItself(_ key: [UInt8]) -> Bool {
        mapping.keepsDirectories && directory != rule.source && key == rule.directoryKey(for: directory)
    }
}
