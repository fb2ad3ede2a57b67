import Etcd
import Model
import Observers
import Replication
import Transport

extension MigrationWork {
    /// The v2 store of the source, to be written as keys of the destination.
    func legacy(_ source: MigrationEnd, _ destination: MigrationEnd) throws -> LegacyReplication {
        var options = LegacyReplication.Options()
        options.hiddenPaths = migration.spec.hiddenPaths.map { LegacyPath($0) }
        options.conflictPolicy = migration.spec.conflictPolicy == .overwrite ? .overwrite : .refuse
        let rules = migration.spec.selection.map { (selection) -> LegacyMapping.Rule in
            // A directory is meant, with or without the slash that its keys have.
            let prefix = selection.rewriteTo ?? selection.prefix
            return LegacyMapping.Rule(
                from: LegacyPath(selection.prefix), to: prefix.hasSuffix("/") ? prefix : "\(prefix)/")
        }
        return LegacyReplication(
            name: copyName, source: legacyClient(source), destination: destination.endpoints,
            mapping: rules.isEmpty ? .everything : try LegacyMapping(rules), options: options)
    }

    /// Where the v2 store is, confirmed by a quorum.
    func legacyIndex(_ source: MigrationEnd) async throws -> Int64 {
        let client = legacyClient(source)
        defer { client.close() }
        return Int64(clamping: try await client.index(isQuorum: true).index)
    }

    private func legacyClient(_ source: MigrationEnd) -> LegacyClient {
        let endpoints = source.endpoints.clients.map(\.endpoint)
        return LegacyClient(
            engine: services.engine, endpoints[0], Array(endpoints.dropFirst()), credentials: source.target.credentials)
    }
}

extension MigrationSight {
    /// What the engine for v2 stores tells.
    init(_ progress: LegacyProgress) {
        isFollowing = progress.phase == .tail
        part = progress.keysTotal > 0 ? min(1, Double(progress.keysCopied) / Double(progress.keysTotal)) : 0
        applied = Int64(clamping: progress.applied)
        sourceRevision = Int64(clamping: progress.sourceIndex)
        lag = progress.lag
        keys = progress.phase == .tail ? nil : Int64(progress.keysCopied)
    }
}

extension MigrationProof {
    /// What a walk over the v2 store and the destination's keys said.
    ///
    /// At rest means that nobody is to write any more; then one that went on proves nothing.
    init(_ result: LegacyComparison, isAtRest: Bool) {
        self.init()
        // Of a store that went on meanwhile, nothing that differs says anything.
        verdict =
            (isAtRest ? result.isProof : result.isEqual) ? .equal : result.sourceMoved ? .unknown : .different
        revision = Int64(clamping: result.index)
        keys = Int64(result.keys)
        differenceCount = Int64(result.differenceCount)
        differences = result.differences.prefix(100).map {
            MigrationDifference(
                code: $0.kind.rawValue, subject: String(decoding: $0.key, as: UTF8.self), message: $0.description)
        }
        let doubtful =
            result.doubtful > 0 ? "; \(result.doubtful) may hold bytes that the v2 API cannot show" : ""
        message =
            result.isEqual && result.sourceMoved && isAtRest
            ? "the v2 store went on while it was to rest; stop its writers"
            : result.isEqual
                ? "\(result.keys) nodes are the same at the v2 store's index \(result.index)\(doubtful)"
                : "\(result.differenceCount) of \(result.keys) nodes differ at the v2 store's index \(result.index): "
                    + (result.differences.first?.description ?? "")
    }
}
