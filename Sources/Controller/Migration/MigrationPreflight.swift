import Etcd
import Model
import Observers
import Replication

/// What both ends must be fit for before anything is begun; every refusal names its figure and what to do.
struct MigrationPreflight {
    let ends: MigrationEnds
    let migration: EtcdMigration
    let services: ControllerServices

    /// Looks at both ends.
    ///
    /// - Throws: `MigrationTrouble`.
    func run() async throws -> MigrationResult {
        let source = try await ends.source()
        try requireHealth(of: source, "the source")
        try requireNoAlarm(at: source)
        if migration.spec.method != .v2ToV3 { try await requireFreeze(at: source) }
        guard let record = try await ends.destinationRecord() else {
            guard migration.spec.method.restoresDestination else {
                throw MigrationTrouble(
                    "ClusterMissing",
                    "spec.destinationRef: there is no EtcdCluster \"\(migration.spec.destinationRef.name)\"; method "
                        + "\(migration.spec.method.rawValue) needs one that serves", .again)
            }
            try await requireVersion(
                migration.spec.destination?.version ?? source.cluster.spec.version, from: source)
            try requireRoom(source)
            try requireQuota(migration.spec.destination?.quota ?? source.cluster.spec.storage.quota, source)
            return .fit(source: source.clusterID, destination: "")
        }
        switch migration.spec.method {
        case .exact, .snapshot:
            try requireNew(record)
            try await requireVersion(record.spec.version, from: source)
            try requireRoom(source)
            try requireQuota(record.spec.storage.quota, source)
            return .fit(source: source.clusterID, destination: "")
        case .copy, .v2ToV3:
            let destination = try await ends.destination()
            try requireHealth(of: destination, "the destination")
            try requireNoAlarm(at: destination)
            // The v2 store of a cluster may become keys of the same cluster.
            guard destination.clusterID != source.clusterID || migration.spec.method == .v2ToV3 else {
                throw refusal("SameCluster", "both ends are cluster \(source.clusterID)", .over)
            }
            return .fit(source: source.clusterID, destination: destination.clusterID)
        }
    }

    private func refusal(
        _ reason: String, _ text: String, _ course: MigrationTrouble.Course = .again
    ) -> MigrationTrouble {
        MigrationTrouble(reason, text, course)
    }

    /// All voting members serve, and none is accused of holding other data.
    private func requireHealth(of end: MigrationEnd, _ which: String) throws(MigrationTrouble) {
        let voters = end.health.members.filter { !$0.isLearner }
        guard end.members.count == voters.count else {
            let missing = voters.filter { $0.linearizableRead.answer == nil }.map(\.name).sorted()
            throw refusal(
                "NotHealthy",
                "\(end.members.count) of \(voters.count) members of \(which) \"\(end.cluster.metadata.name)\" serve; bring back "
                    + missing.joined(separator: ", "))
        }
        let accused = end.cluster.status.inspections.first { $0.type == .consistency && $0.verdict == .diverged }
        if let accused {
            throw refusal(
                "MembersDiffer",
                "the consistency inspection says of \(which) \"\(end.cluster.metadata.name)\": \(accused.verdict.rawValue); mend that "
                    + "first")
        }
    }

    /// An alarm stops writes, and under one etcd 3.4 and 3.5 check some permissions no more.
    private func requireNoAlarm(at end: MigrationEnd) throws(MigrationTrouble) {
        guard let error = end.samples.flatMap(\.errors).first else { return }
        throw refusal(
            "AlarmActive",
            "a member of EtcdCluster \"\(end.cluster.metadata.name)\" says \"\(error)\"; clear that first")
    }

    /// Where requests need a user, an alarm would weaken the checks of permissions.
    private func requireFreeze(at source: MigrationEnd) async throws {
        let isEnabled: Bool
        do {
            isEnabled = try await SourceFreeze(source.endpoints).hasAuthentication()
        } catch {
            throw refusal("ClusterUnavailable", "whether the source requires users is not known: \(error)")
        }
        guard isEnabled else { return }
        guard source.cluster.spec.auth != nil else {
            throw refusal(
                "UserMissing",
                "the source requires a user; name the Secret of one with the role root in spec.auth of EtcdCluster "
                    + "\"\(source.cluster.metadata.name)\"")
        }
        guard migration.spec.cutover.freeze == MigrationFreeze.none || migration.spec.cutover.mode == .never else {
            throw refusal(
                "FreezeUnsafe",
                "under an alarm etcd checks some permissions no more, and the source requires users; set "
                    + "spec.cutover.freeze to None and stop all writers yourself before you approve the cut-over")
        }
    }

    private func requireNew(_ record: EtcdCluster) throws(MigrationTrouble) {
        let name = record.metadata.name
        guard record.spec.restore?.migrationRef?.name == migration.metadata.name else {
            throw refusal(
                "DestinationNotNew",
                "EtcdCluster \"\(name)\" exists and is not filled by this migration; method "
                    + "\(migration.spec.method.rawValue) needs a new cluster: delete it, or name another in "
                    + "spec.destinationRef, or use method Copy")
        }
        guard ![.succeeded, .failed].contains(record.status.restore?.phase ?? .pending) else {
            throw refusal(
                "DestinationNotNew",
                "EtcdCluster \"\(name)\" was filled before by a migration of this name; delete it, or name another in "
                    + "spec.destinationRef")
        }
        guard record.metadata.deletionTimestamp == nil else {
            throw refusal("DestinationNotNew", "EtcdCluster \"\(name)\" is being deleted; it is waited for")
        }
    }

    /// A member of an older minor release does not read what a newer one wrote; and some lose leases.
    private func requireVersion(_ wanted: String?, from source: MigrationEnd) async throws {
        let versions = source.samples.compactMap { EtcdVersion($0.version) }
        guard let newest = versions.max() else {
            throw refusal("VersionUnknown", "no member of the source told its version")
        }
        guard let text = wanted, let version = EtcdVersion(text) else { return }
        guard (version.major, version.minor) >= (newest.major, newest.minor) else {
            throw refusal(
                "VersionTooOld",
                "the source runs etcd \(newest), which etcd \(version) does not read; choose \(newest.major).\(newest.minor) or "
                    + "newer, or method Copy")
        }
        // etcd before 3.4.20 and 3.5.0 to 3.5.2 forget leases with negative IDs when they restart (etcd pull request 14239).
        guard version.losesNegativeLeases else { return }
        let leases: [Int64]
        do {
            leases = try await source.endpoints.perform { (client) async throws(EtcdError) in
                try await client.leases(timeout: .seconds(30))
            }
        } catch {
            throw refusal("LeasesUnknown", "the source's leases could not be listed: \(error)")
        }
        let negative = leases.count { $0 < 0 }
        guard negative == 0 else {
            throw refusal(
                "LeasesAtRisk",
                "\(negative) leases of the source have a negative ID, which etcd \(version) forgets when it restarts; choose "
                    + "3.4.20, 3.5.3 or newer")
        }
    }

    /// A destination at its quota takes nothing more, and would never get to the source's revision.
    private func requireQuota(_ quota: ByteCount?, _ source: MigrationEnd) throws(MigrationTrouble) {
        // etcd's own default, 2 GiB (`DefaultQuotaBytes`).
        let quota = quota?.bytes ?? 2 << 30
        let size = source.health.members.compactMap { $0.status.answer?.answer.dbSize }.max() ?? 0
        guard Double(size) < 0.9 * Double(quota) else {
            throw refusal(
                "QuotaTooSmall",
                "the source's database has \(ByteCount(size).rounded), and the destination takes "
                    + "\(ByteCount(quota).rounded) (its quota); give it more in spec.destination.quota, or in "
                    + "spec.storage.quota of its record")
        }
    }

    private func requireRoom(_ source: MigrationEnd) throws {
        let size = source.health.members.compactMap { $0.status.answer?.answer.dbSize }.max() ?? 0
        var cluster = EtcdCluster()
        cluster.status.members = (0..<(migration.spec.destination?.size ?? source.members.count)).map { index in
            var member = MemberStatus()
            (member.name, member.peerURL) = ("\(index)", "-")
            return member
        }
        do {
            try services.local.requireRoom(for: cluster, backupSize: Int(size), isReplayed: true)
        } catch {
            throw refusal("NoSpace", "\(error)")
        }
    }
}

extension EtcdVersion {
    /// Whether leases with negative IDs do not survive a restart.
    fileprivate var losesNegativeLeases: Bool {
        switch (major, minor) {
        case (3, 5): patch < 3
        case (3, 4): patch < 20
        default: (major, minor) < (3, 4)
        }
    }
}
