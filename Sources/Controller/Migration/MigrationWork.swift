import Etcd
import Model
import Nodes
import Observers
import Replication
import Store

/// The long work for a migration; each piece may be begun again from nothing at any time.
struct MigrationWork: Sendable {
    let services: ControllerServices
    let migration: EtcdMigration

    var ends: MigrationEnds { MigrationEnds(services: services, migration: migration) }
    private var uid: String { migration.metadata.uid }
    private var board: MigrationBoard { services.migrationBoard }

    // MARK: Looking and following

    /// Looks at both ends.
    func check() async throws -> MigrationResult {
        try await MigrationPreflight(ends: ends, migration: migration, services: services).run()
    }

    /// Keeps the source's changes until there is a destination that takes them.
    func record() async throws -> MigrationResult {
        let source = try await ends.source()
        defer { board.forget(uid) }
        let (board, uid) = (board, uid)
        try await SourceRecorder(source.endpoints, into: try await spool()).run { progress in
            var sight = MigrationSight()
            sight.sourceRevision = progress.sourceRevision
            sight.recordedAfter = progress.isSynced ? progress.base : nil
            board.note(sight, of: uid)
        }
        return .ended
    }

    /// Keeps the destination where the source is.
    func follow() async throws -> MigrationResult {
        let source = try await ends.source()
        let destination = try await ends.destination()
        defer { board.forget(uid) }
        let (board, uid) = (board, uid)
        switch migration.spec.method {
        case .exact, .snapshot:
            let roomy = destination.roomyEndpoints(services.engine)
            defer { roomy.close() }
            let replication = ExactReplication(
                source: source.endpoints, destination: roomy, spool: try await spool())
            try await replication.run { board.note(MigrationSight($0), of: uid) }
        case .copy: try await copy(source, destination).run { board.note(MigrationSight($0), of: uid) }
        case .v2ToV3: try await legacy(source, destination).run { board.note(MigrationSight($0), of: uid) }
        }
        return .ended
    }

    private func copy(_ source: MigrationEnd, _ destination: MigrationEnd) throws -> CopyReplication {
        var options = CopyReplication.Options()
        options.conflictPolicy =
            switch migration.spec.conflictPolicy {
            case .refuse: .refuse
            case .overwrite: .overwrite
            case .keep: .keep
            }
        return CopyReplication(
            source: source.endpoints, destination: destination.endpoints, name: copyName, selection: try selection(),
            options: options)
    }

    /// Under which the copy keeps its checkpoint: a record made again under an old name begins anew.
    var copyName: String { "\(migration.metadata.name)-\(uid.prefix(8))" }

    private func selection() throws -> KeySelection {
        guard !migration.spec.selection.isEmpty else { return .everything }
        return try KeySelection(migration.spec.selection.map { .init($0.prefix, target: $0.rewriteTo) })
    }

    // MARK: Proving

    /// Compares both ends while the source is written to.
    func prove() async throws -> MigrationProof {
        let source = try await ends.source()
        let destination = try await ends.destination()
        let start = ContinuousClock.now
        do {
            // Most of it is done here, while the source still takes writes.
            if migration.spec.padRevisions { try await pad(destination, to: board.sight(of: uid)?.sourceRevision ?? 0) }
            return try await compare(source, destination, at: nil, since: start)
        } catch let error as ReplicationError where error.isRetryable || error.code == .compacted {
            // Whoever compacts or restarts meanwhile says nothing of the data.
            var proof = MigrationProof()
            proof.message = "\(error)"
            proof.time = .now
            return proof
        }
    }

    /// Compares everything at a revision at which the source rests; at the present one, nil, what is comparable then.
    private func compare(
        _ source: MigrationEnd, _ destination: MigrationEnd, at revision: Int64?, since start: ContinuousClock.Instant
    ) async throws -> MigrationProof {
        var proof: MigrationProof
        if migration.spec.method == .v2ToV3 {
            proof = MigrationProof(try await legacy(source, destination).compare(), isAtRest: revision != nil)
        } else if migration.spec.method == .copy {
            var options = KeyspaceComparison.Options()
            options.timeout = .seconds(30)
            let comparison = KeyspaceComparison(
                source: source.endpoints, destination: destination.endpoints, name: copyName,
                selection: try selection(), options: options)
            proof = MigrationProof(try await comparison.run(sourceRevision: revision))
            if let registry = migration.spec.verification.kubernetesPrefix {
                let objects = try KubernetesComparison(
                    source: source.endpoints, destination: destination.endpoints, name: copyName,
                    selection: try selection(), registry: registry.hasSuffix("/") ? registry : "\(registry)/")
                proof.add(try await objects.run(sourceRevision: revision))
            }
        } else {
            let exact = ExactProof(source: source.endpoints, destination: destination.endpoints)
            guard let reached = revision ?? board.sight(of: uid)?.applied, reached > 0 else {
                throw MigrationTrouble("NotFollowing", "the destination does not follow yet", .again)
            }
            guard source.silent.isEmpty, destination.silent.isEmpty else {
                proof = MigrationProof()
                proof.message =
                    "not every member can be asked: \((source.silent + destination.silent).joined(separator: ", ")) does not "
                    + "serve"
                proof.time = .now
                return proof
            }
            let evidence =
                revision == nil
                ? try await exact.proveKeyspace(at: reached) : try await exact.prove(at: reached)
            proof = MigrationProof(evidence)
            // From the member's own books: to count them would take a tenth of a second, and nobody can write meanwhile.
            proof.keys = try? await destination.members[0].client.keysTotal(timeout: .seconds(2))
        }
        proof.time = .now
        proof.duration = (ContinuousClock.now - start).wholeMilliseconds
        return proof
    }

    // MARK: Changing over

    /// Stops the source's writers, unless somebody else has; tells where it rests.
    func freeze() async throws -> MigrationResult {
        .frozen(try await freeze(try await ends.source()))
    }

    /// Freezes the source, brings over the last changes, and proves that both ends are equal.
    ///
    /// What fails gives the source its writers back at once.
    func cutOver() async throws -> MigrationResult {
        let source = try await ends.source()
        let destination = try await ends.destination()
        let start = ContinuousClock.now
        let used = migration.status.freezeTime.map { max(.zero, .now - $0) } ?? .zero
        let deadline = start + (migration.spec.cutover.maxPause ?? MigrationCutover.usualPause) - used
        try await requireNoOtherFreeze()
        do {
            let revision = try await freeze(source)
            if migration.spec.method != .snapshot { try await board.wait(for: revision, of: uid, until: deadline) }
            if migration.spec.padRevisions { try await pad(destination, to: revision) }
            let proof = try await proveAtRest(source, destination, at: revision, until: deadline)
            guard MigrationPlan.allows(proof, migration.spec) else {
                throw MigrationTrouble("EndsDiffer", proof.message, .again, proof: proof)
            }
            // Times to live that end move the index of a v2 store; its comparison tells writers from those.
            let now = migration.spec.method == .v2ToV3 ? revision : try await self.revision(of: source)
            guard now == revision else {
                throw MigrationTrouble(
                    "WritersActive",
                    "the source went on from revision \(revision) to \(now) while it was to rest; stop its writers",
                    .again)
            }
            if migration.spec.method == .snapshot {
                // The snapshot of a frozen cluster brings the alarm along.
                try await SourceFreeze(destination.endpoints, tag: migration.freezeTag).deactivate()
            }
            // What was copied at rest, or begun by a controller that died, has rested for longer than this work.
            let rested = migration.spec.method == .snapshot || used > .seconds(1) ? used : .zero
            return .cutOver(revision: revision, pause: rested + (ContinuousClock.now - start), proof)
        } catch {
            // The next pass does it again and confirms it; here it is only sooner.
            if migration.spec.cutover.freeze == .alarm { try? await freeze(of: source).deactivate() }
            throw error
        }
    }

    /// Leases without keys are brought over every other second: what is missing of them may only be late.
    private func proveAtRest(
        _ source: MigrationEnd, _ destination: MigrationEnd, at revision: Int64, until deadline: ContinuousClock.Instant
    ) async throws -> MigrationProof {
        let patience = min(deadline, .now + .seconds(6))
        while true {
            let proof = try await compare(source, destination, at: revision, since: .now)
            let isLate = proof.verdict == .different && proof.differences.allSatisfy { $0.code == "Leases" }
            guard isLate, migration.spec.method == .exact, ContinuousClock.now < patience else { return proof }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Two migrations that freeze one source would lift each other's freeze.
    func requireNoOtherFreeze() async throws {
        let others = try await services.store.list(EtcdMigration.self, in: migration.metadata.namespace)
        let other = others.first {
            $0.metadata.uid != uid && $0.spec.sourceRef == migration.spec.sourceRef && $0.status.freezeTime != nil
        }
        guard let other else { return }
        throw MigrationTrouble(
            "SourceFrozen",
            "EtcdMigration \"\(other.metadata.name)\" keeps the source frozen; roll it back or delete it first", .again)
    }

    private func freeze(_ source: MigrationEnd) async throws -> Int64 {
        if migration.spec.cutover.freeze == .alarm {
            try await requireCutOver()
            try await raiseFreeze(of: source)
        }
        return try await revision(of: source)
    }

    /// The newest revision, confirmed by a quorum.
    private func revision(of end: MigrationEnd) async throws -> Int64 {
        guard migration.spec.method != .v2ToV3 else { return try await legacyIndex(end) }
        return try await end.endpoints.perform { (client) async throws(EtcdError) in
            try await client.range(RangeRequest(.key("health"), content: .countOnly), timeout: .seconds(5)).header
                .revision
        }
    }

    private func pad(_ destination: MigrationEnd, to revision: Int64) async throws {
        try await RevisionPadding(destination.endpoints, name: copyName).run(to: revision)
    }

    /// Removes from the source what was proven to be at the destination when clients changed over, in small batches.
    func remove() async throws -> MigrationResult {
        guard let revision = migration.status.frozenRevision, migration.status.proof?.verdict == .equal,
            let id = UInt64(migration.status.sourceClusterID, radix: 16)
        else { throw MigrationTrouble("NotProven", "nothing that was not proven to be moved is removed", .over) }
        let proof = ComparisonProof(sourceID: id, sourceRevision: revision, selection: try selection())
        let source = try await ends.source()
        return .removed(Int64(try await PacedRemoval(from: source.endpoints, proof: proof).run().removed))
    }

    // MARK: Changes that are kept

    private func spool() async throws -> RevisionSpool {
        try RevisionSpool(
            directory: try await services.local.makeSpool(migration: uid, seeding: migration.status.seeding))
    }

    /// Removes from the destination what the engine keeps there for going on; keys and leases stay.
    func tidy() async throws -> MigrationResult {
        guard let record = try await ends.destinationRecord(), record.metadata.deletionTimestamp == nil else {
            return .ended
        }
        let destination = try await ends.destination()
        switch migration.spec.method {
        case .copy: try await CopyState(copyName).remove(from: destination.endpoints)
        case .v2ToV3: try await legacy(try await ends.source(), destination).forget()
        case .exact, .snapshot: break
        }
        return .ended
    }

    /// Removes the changes that were kept for the destination.
    func removeSpool() async {
        // What cannot be removed now is told by nobody and costs room only; the next migration has its own.
        try? await services.local.removeSpool(migration: uid)
    }
}
