import Archive
import ControllerRuntime
import Etcd
import Model
import Nodes
import Observers
import Replication

/// What the work of a phase has found out.
struct RestoreResult: Sendable {
    /// The manifest of the backup, once it is here and proven.
    var manifest: BackupManifest?
    /// What the change log made of it, where it was replayed.
    var replayed: SnapshotFigures?
    /// The snapshot that a migration begins with, and the version of the member it is of.
    var seed: (snapshot: SnapshotFigures, etcdVersion: String)?
    /// etcd's identity of the new cluster, once its members have told it.
    var clusterID: UInt64?
}

/// The long work of each phase of a restore; may be begun again from nothing at any time.
struct RestoreWork: Sendable {
    let services: ControllerServices
    let cluster: EtcdCluster
    let restore: ClusterRestoreStatus

    /// Tells how much of the phase is done, and what is being done.
    typealias Report = @Sendable (Double, String) -> Void

    /// How long members may take to find together before it counts as a failure, which is tried again.
    private static let patience = Duration.seconds(180)

    /// Does the work of the phase on record.
    func run(_ report: @escaping Report) async throws -> RestoreResult {
        switch restore.phase {
        case .fetching where cluster.spec.restore?.migrationRef != nil: try await seed(report)
        case .fetching: try await fetch(report)
        case .restoring: try await makeDirectories(report)
        case .starting: try await start(report)
        case .proving: try await prove(report)
        case .opening: try await open(report)
        case .pending, .following, .succeeded, .failed: RestoreResult()
        }
    }

    private func fetch(_ report: @escaping Report) async throws -> RestoreResult {
        guard let storage = restore.storage, let owner = restore.cluster, let namespace = owner.namespace,
            let incarnation = owner.incarnation
        else { throw RestoreFailure("BackupUnusable", "the record does not say which backup was chosen", .over) }
        let id = BackupID(
            cluster: ClusterIncarnation(namespace: namespace, name: owner.name, incarnation: incarnation),
            name: restore.backup)
        try await services.local.makeStaging(of: cluster)
        let path = services.local.snapshotPath(of: cluster)
        let keys = try await BackupKeys(store: services.store).keyring(
            restore.encryption, in: cluster.metadata.namespace)
        let archive = try await services.archives.archive(
            storage, with: services.access.secrets(of: cluster), keys: keys)
        let share = cluster.spec.restore?.isRewritten ?? false ? 0.4 : 0.7
        let manifest = try await archive.fetch(id, to: path) { received, expected in
            let isWhole = received >= expected
            report(
                share * Double(received) / Double(max(1, expected)),
                isWhole ? "proving \(restore.backup)" : "fetching \(restore.backup)")
        }
        let source = RestoreSource(storage: storage, id: id, encryption: restore.encryption)
        let replayed = try await replay(onto: path, of: source, manifest, keys) { part in
            report(share + (1 - share) * part, "replaying the change log")
        }
        return RestoreResult(manifest: manifest, replayed: replayed)
    }

    /// Makes the members' data directories, all at the same time: each takes a processor, and the disk is shared.
    private func makeDirectories(_ report: @escaping Report) async throws -> RestoreResult {
        let restores = try await services.local.restores(of: cluster)
        let figures = restore.figures
        report(0, "making \(restores.count) data directories")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for restore in restores {
                group.addTask {
                    try await restore.run { path in
                        try await RestoredDatabase(member: restore.spec.identity.member, path: path, expected: figures)
                            .proveFresh()
                    }
                }
            }
            var made = 0
            for try await _ in group {
                made += 1
                report(
                    Double(made) / Double(restores.count),
                    "\(made) of \(restores.count) data directories made and proven")
            }
        }
        return RestoreResult()
    }

    /// Runs the members behind the fence until all of them serve, and asks each what it holds.
    private func start(_ report: @escaping Report) async throws -> RestoreResult {
        var target = try await services.access.target(for: cluster)
        target.knownMembers = restore.fence.sorted { $0.key < $1.key }.map { .init(name: $0.key, endpoint: $0.value) }
        target.expectedClusterID = nil
        let name = "\(cluster.displayName) (fenced)"
        defer { services.members.forget(name) }
        let health = try await waitUntilServing(target, named: name, report) {
            try await services.local.runFenced(cluster, restore.fence)
        }
        try await liftFreezes(health, target)
        return RestoreResult(clusterID: try await judge(health, target))
    }

    /// What was taken of a source that a migration kept frozen brings the alarm along, and no record tells of it here.
    private func liftFreezes(_ health: HealthObservation, _ target: ClusterTarget) async throws {
        let clients = try health.members.map { try services.members.client(for: $0.endpoint, of: target) }
        guard let first = clients.first else { return }
        for tag in health.freezes.sorted() {
            try await SourceFreeze(EtcdEndpoints(first, Array(clients.dropFirst())), tag: tag).deactivate()
            let origin = cluster.spec.restore?.migrationRef == nil ? "backup" : "snapshot"
            services.events.normal(
                cluster, "FreezeLifted",
                "the \(origin) is of a cluster that a migration kept frozen; this one is not")
        }
    }

    /// Keeps the members running until all of them serve.
    func waitUntilServing(
        _ target: ClusterTarget, named name: String, _ report: Report, _ run: () async throws -> Void
    ) async throws -> HealthObservation {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            try await run()
            services.members.refresh(name)
            let health = await services.health.observe(target, named: name, timeout: .seconds(3))
            try Task.checkCancellation()
            let serving = health.members.filter(serves)
            report(
                0.8 * Double(serving.count) / Double(max(1, restore.fence.count)),
                "\(serving.count) of \(restore.fence.count) members serve behind the fence")
            if serving.count == restore.fence.count, health.members.count == restore.fence.count { return health }
            guard ContinuousClock.now < deadline else {
                let views = try await services.local.processes(of: cluster).sorted { $0.key < $1.key }
                let why = views.compactMap { $0.value.message.isEmpty ? nil : "\($0.key): \($0.value.message)" }
                throw RestoreFailure(
                    "MembersDoNotServe",
                    "\(serving.count) of \(restore.fence.count) restored members serve. \(why.joined(separator: " "))",
                    .again)
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    /// Whether a member works with the others.
    ///
    /// Being asked for a user is an answer too: etcd confirms a read with a quorum before it looks at who asks
    /// (`EtcdServer.Range`).
    private func serves(_ member: MemberHealth) -> Bool {
        if member.linearizableRead.answer != nil { return true }
        return restore.authEnabled && member.linearizableRead.failure?.failureClass == .refused
    }

    /// What the members say of themselves must be one new cluster at the backup's revision, with the backup's content.
    private func judge(_ health: HealthObservation, _ target: ClusterTarget) async throws -> UInt64 {
        let samples = health.members.compactMap { $0.status.answer?.answer }
        guard let id = samples.first?.clusterID, Set(samples.map(\.clusterID)) == [id],
            Set(samples.map(\.memberID)).count == restore.fence.count
        else {
            throw RestoreFailure(
                "ProofFailed", "the restored members do not form one cluster; delete the record", .over)
        }
        let revision = restore.revision ?? 0
        if let behind = samples.first(where: { $0.revision < revision }) {
            throw RestoreFailure(
                "ProofFailed",
                "a restored member is at revision \(behind.revision), the backup holds \(revision); delete the record",
                .over)
        }
        // Its file was proven, it is behind the source by now, and both ends are compared before anybody is served.
        guard cluster.spec.restore?.migrationRef == nil else { return id }
        // Where requests need a user whom nobody named to us, the files are asked once the members have stopped.
        guard !restore.authEnabled || cluster.spec.auth != nil else { return id }
        // One after the other and the leader last, as hashing stops a member's writes.
        let leader = samples.first?.leader
        for member in health.members.sorted(by: {
            ($0.id == leader ? 1 : 0, $0.name) < ($1.id == leader ? 1 : 0, $1.name)
        }) {
            let client = try services.members.client(for: member.endpoint, of: target)
            let hash = try await client.hashKV(revision: revision, timeout: .seconds(300))
            let keys = try await client.count(.all, revision: revision, isSerializable: true, timeout: .seconds(60))
            guard Int64(hash.hash) == restore.hashKV, hash.compactRevision == restore.compactRevision ?? -1,
                keys == restore.keys
            else {
                throw RestoreFailure(
                    "ProofFailed",
                    "\(member.name) answers \(keys) keys and HashKV \(hash.hash) at revision \(revision), the backup holds "
                        + "\(restore.keys ?? 0) and \(restore.hashKV ?? 0); delete the record and restore another backup",
                    .over)
            }
        }
        return id
    }

    /// Stops the members, and proves from their files what they hold, without asking them or anybody's password.
    private func prove(_ report: @escaping Report) async throws -> RestoreResult {
        report(0, "stopping the members to prove what they left on their disks")
        try await services.local.stop(cluster)
        let databases = try await services.local.databases(of: cluster, restore.figures)
        for (index, database) in databases.enumerated() {
            report(Double(index) / Double(databases.count), "proving the database of \(database.member)")
            try await database.proveUsed()
        }
        return RestoreResult()
    }
}
