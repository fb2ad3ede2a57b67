import ControllerRuntime
import Model
import Store

/// The long work of one migration: which of it runs, how it is begun, and how it is ended.
///
/// The engine's job has the number of the filling and the kind of addresses in its name, so that one that works at
/// former addresses is never taken for one that works at those of now.
struct MigrationJobs {
    /// A piece of work.
    enum Name: Equatable {
        case check, record, follow, prove, freeze, cutOver, remove, tidy, thaw, lookForFreeze
    }

    let services: ControllerServices
    let migration: EtcdMigration
    /// Whether the destination's members run where they will serve, as far as its record says.
    private(set) var isOpen = false

    init(services: ControllerServices, migration: EtcdMigration) {
        self.services = services
        self.migration = migration
    }

    /// What the next step depends on.
    mutating func facts() async throws -> MigrationFacts {
        var facts = MigrationFacts()
        let record = try await MigrationEnds(services: services, migration: migration).destinationRecord()
        if let record, record.metadata.deletionTimestamp == nil,
            ["", record.metadata.uid].contains(migration.status.destinationUID)
        {
            facts.destinationUID = record.metadata.uid
            if record.spec.restore?.migrationRef?.name == migration.metadata.name {
                facts.restore = record.status.restore ?? ClusterRestoreStatus()
                // What a former filling has opened is going to be put away.
                if facts.restore?.seeding != migration.status.seeding { facts.restore?.isOpen = false }
            }
        }
        isOpen = facts.restore?.isOpen ?? false
        facts.isSourceLeaving = try await source()?.metadata.deletionTimestamp != nil
        facts.sight = services.migrationBoard.sight(of: migration.metadata.uid)
        facts.check = await state(of: .check)
        facts.recording = await state(of: .record)
        facts.following = await state(of: .follow)
        facts.proof = await state(of: .prove)
        facts.freeze = await state(of: .freeze)
        facts.cutover = await state(of: .cutOver)
        facts.removal = await state(of: .remove)
        facts.thaw = await state(of: .thaw)
        facts.freezeLook = await state(of: .lookForFreeze)
        facts.seesFreeze = services.migrationBoard.seesFreeze(migration.freezeTag)
        facts.isFreezing = await isFreezing()
        let own = key(.follow)
        facts.isFormerFollowing = await services.migrations.jobs(of: migration).contains {
            $0.hasPrefix(Self.following) && $0 != own
        }
        return facts
    }

    /// Whether an attempt at a cut-over, also one that was given up, may still raise the alarm.
    private func isFreezing() async -> Bool {
        for job in await services.migrations.jobs(of: migration)
        where job.hasPrefix(Self.freezing) || job.hasPrefix(Self.cutting) {
            switch await services.migrations.state(of: job, for: migration) {
            case .waiting, .running: return true
            case .finished, nil: continue
            }
        }
        return false
    }

    /// How a piece of work stands.
    func state(of name: Name) async -> MigrationJob {
        switch await services.migrations.state(of: key(name), for: migration) {
        case nil: return .none
        case .waiting, .running: return .underway
        case .finished(.success(let result)): return .done(result)
        case .finished(.failure(is CancellationError)):
            await forget(name)
            return .none
        case .finished(.failure(let error)): return .failed(MigrationTrouble(error))
        }
    }

    /// Begins a piece of work, unless it is under way; what it found the last time is forgotten.
    func start(_ name: Name) async {
        await forget(name)
        let work = MigrationWork(services: services, migration: migration)
        await services.migrations.start(key(name), for: migration) { _ in
            switch name {
            case .check: try await work.check()
            case .record: try await work.record()
            case .follow: try await work.follow()
            case .prove: .proof(try await work.prove())
            case .freeze: try await work.freeze()
            case .cutOver: try await work.cutOver()
            case .remove: try await work.remove()
            case .tidy: try await work.tidy()
            case .thaw: try await work.thaw()
            case .lookForFreeze: try await work.lookForFreeze()
            }
        }
    }

    /// Forgets what a piece of work has found; one that is under way is ended.
    func forget(_ name: Name) async {
        let key = key(name)
        await services.migrations.cancel(key, for: migration)
        _ = await services.migrations.takeResult(of: key, for: migration)
    }

    /// Forgets every failure, so that the work is begun again.
    func forgetFailures() async {
        for name in [Name.check, .record, .follow, .prove, .freeze, .cutOver, .remove, .thaw] {
            if case .failed = await state(of: name) { await forget(name) }
        }
    }

    /// Ends the engine, at whatever addresses.
    func endFollowing() async {
        for job in await services.migrations.jobs(of: migration) where job.hasPrefix(Self.following) {
            await services.migrations.cancel(job, for: migration)
            _ = await services.migrations.takeResult(of: job, for: migration)
        }
        services.migrationBoard.forget(migration.metadata.uid)
    }

    /// Removes the changes that were kept for the destination.
    func removeSpool() async {
        await MigrationWork(services: services, migration: migration).removeSpool()
    }

    /// The source's record; nil if there is none.
    func source() async throws -> EtcdCluster? {
        try await MigrationEnds(services: services, migration: migration).sourceRecord()
    }

    /// The record of a destination that is to be filled by this migration; as its source, unless it says otherwise.
    func destinationRecord() async throws -> EtcdCluster {
        let source = try await MigrationEnds(services: services, migration: migration).source()
        let wish = migration.spec.destination ?? MigrationDestination()
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(
            name: migration.spec.destinationRef.name, namespace: migration.metadata.namespace)
        cluster.spec.provider = .local
        cluster.spec.version = wish.version ?? source.cluster.spec.version ?? source.samples.map(\.version).max()
        // One voter less than an even number outvotes the same number of failures.
        cluster.spec.size = wish.size ?? min(7, source.members.count - (source.members.count + 1) % 2)
        cluster.spec.storage = source.cluster.spec.storage
        cluster.spec.storage.quota = wish.quota ?? cluster.spec.storage.quota
        cluster.spec.args = source.cluster.spec.args
        cluster.spec.auth =
            wish.authSecretRef.map { reference in
                var auth = ClusterAuth()
                auth.secretRef = reference
                return auth
            } ?? source.cluster.spec.auth
        var restore = ClusterRestore()
        restore.migrationRef = LocalReference(name: migration.metadata.name)
        cluster.spec.restore = restore
        return cluster
    }

    /// The flag that makes a Kubernetes API server use the destination for what was moved; empty where there is none.
    func apiServerFlag() async throws -> String {
        guard !migration.spec.selection.isEmpty,
            let record = try await MigrationEnds(services: services, migration: migration).destinationRecord()
        else { return "" }
        return KubernetesOverride.flag(
            for: migration.spec.selection, at: record.status.members.map(\.endpoint).filter { !$0.isEmpty })
    }

    private static let following = "follow-"
    private static let freezing = "freeze "
    private static let cutting = "cut over "

    private func key(_ name: Name) -> String {
        let seeding = migration.status.seeding
        return switch name {
        case .check: "check"
        case .record: "record-\(seeding)"
        case .follow: "\(Self.following)\(seeding)-\(isOpen ? "open" : "fenced")"
        case .prove: "prove-\(seeding)"
        // An attempt that was given up may still end well; it must not be taken for the next one.
        case .freeze: "\(Self.freezing)\(seeding).\(migration.status.cutoverFailures)"
        case .cutOver: "\(Self.cutting)\(seeding).\(migration.status.cutoverFailures)"
        case .remove: "remove"
        case .tidy: "tidy"
        case .thaw: "thaw"
        case .lookForFreeze: "look for freeze"
        }
    }
}
