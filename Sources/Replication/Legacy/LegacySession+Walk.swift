internal import Etcd
internal import Model

extension LegacySession {
    /// Brings all keys for what lies below a directory to what the source has.
    func walk(_ rule: LegacyMapping.Rule, below directory: LegacyPath, minimumIndex: UInt64) async throws {
        for attempt in 1... {
            do {
                return try await walkOnce(rule, directory, minimumIndex)
            } catch let error as EtcdError
                where attempt < 5 && (error.code == .compacted || error.code == .leaseNotFound)
            {
                // What was read is compacted, or a short lease has ended on the way: what is written is not lost.
                leases.forgetLeases()
            }
        }
    }

    private func walkOnce(
        _ rule: LegacyMapping.Rule, _ directory: LegacyPath, _ minimumIndex: UInt64
    ) async throws {
        for path in directory.ancestors + [directory] where !path.isRoot {
            guard let (node, _) = try await LegacyTreeReader.get(path, source, minimumIndex) else { break }
            guard node.isDirectory else {
                throw ReplicationError(
                    .unsupported, "the v2 store", "\(path) is a key and not a directory",
                    remedy: "name a directory in the mapping")
            }
            leases.note(path, isDirectory: true, ends: node.expiration)
        }
        let expiration = LegacyTreeReader.earliest(leases.ending(of: directory), leases.inherited(by: directory))
        let merge = LegacyMerge(
            client: source, destination: destination.endpoints, mapping: mapping, rule: rule, directory: directory,
            expiration: expiration, hidden: hidden, minimumIndex: minimumIndex)
        var options = BulkWriter.Options()
        options.condition = destination.condition(revision)
        options.rounds = destination.rounds
        options.timeout = destination.timeout
        let base = progress.keysTotal
        var attached: [Int64: Int64] = [:]
        try await destination.endpoints.bulkWrite(options: options) { writer in
            try await merge.run { finding, found in
                switch finding {
                case .directory(let entry):
                    if mapping.keepsDirectories { directories.insert(entry.path) }
                    leases.note(entry.path, isDirectory: true, ends: entry.node.expiration)
                case .wanted(let entry, let key, let pair):
                    try await write(entry, key, over: pair, &attached, writer)
                    progress.keysCopied += 1
                    if progress.phase == .walk {
                        progress.keysTotal = base + found
                        if progress.keysCopied % 500 == 0 {
                            noteSign()
                            tell()
                        }
                    }
                case .unwanted(let pair):
                    // What was not changed since we began is somebody else's.
                    if pair.modRevision > checkpoint.base { try await writer.delete(pair.key) }
                }
            }
        }
    }

    private func write(
        _ entry: LegacyEntry, _ key: [UInt8], over pair: KeyValue?, _ attached: inout [Int64: Int64],
        _ writer: BulkWriter
    ) async throws {
        let value = entry.node.value ?? []
        if entry.path.isDamaged || value.containsReplacement { progress.doubtful += 1 }
        let ending = entry.expiration.map(LegacyLeases.second)
        if !entry.node.isDirectory { leases.note(entry.path, isDirectory: false, ends: entry.expiration) }
        if let pair, pair.modRevision > checkpoint.base, pair.value == value,
            try await ends(pair, at: ending, &attached)
        {
            return
        }
        var lease: Int64 = 0
        if let ending { lease = try await leases.lease(ending: ending, grant: destination.grant) }
        try await writer.put(key, value, lease: lease)
    }

    /// Whether a key of the destination ends when it is to end.
    private func ends(_ pair: KeyValue, at ending: Int64?, _ attached: inout [Int64: Int64]) async throws -> Bool {
        guard let ending else { return pair.lease == 0 }
        guard pair.lease != 0 else { return false }
        let second: Int64
        if let known = attached[pair.lease] {
            second = known
        } else {
            let id = pair.lease
            let status = try await destination.perform { (client) throws(EtcdError) in
                try await client.leaseTimeToLive(id)
            }
            guard status.exists else { return false }
            second = (source.clock.now + status.remaining).secondsSinceEpoch
            attached[pair.lease] = second
        }
        guard abs(second - ending) <= 1 else { return false }
        leases.adopt(pair.lease, ending: ending)
        return true
    }
}
