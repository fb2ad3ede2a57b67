import Etcd
import Model
import Observers
import Store
import Transport

/// One end of a migration: the members that answer, the leader first.
struct MigrationEnd: Sendable {
    /// The record.
    let cluster: EtcdCluster
    /// How its members are reached.
    let target: ClusterTarget
    /// What was seen of them a moment ago.
    let health: HealthObservation
    /// Their clients by name, the leader's first, without learners.
    let members: [(name: String, client: EtcdClient)]

    /// All of them, the leader preferred.
    var endpoints: EtcdEndpoints { EtcdEndpoints(members[0].client, members.dropFirst().map(\.client)) }
    /// Voting members that do not serve.
    var silent: [String] {
        health.members.filter { !$0.isLearner && $0.linearizableRead.answer == nil }.map(\.name).sorted()
    }
    /// The same for requests that are larger than etcd takes by default: a replayed revision carries conditions besides
    /// what it repeats, and the members behind the fence are told to take them.
    func roomyEndpoints(_ engine: HTTPEngine) -> EtcdEndpoints {
        let clients = members.map { member in
            EtcdClient(
                engine: engine, endpoint: member.client.endpoint, credentials: target.credentials,
                maximumRequestByteCount: LocalProvider.fencedRequestSize)
        }
        return EtcdEndpoints(clients[0], Array(clients.dropFirst()))
    }
    /// What they said of themselves.
    var samples: [StatusSample] { health.members.compactMap { $0.status.answer?.answer } }
    /// etcd's identity of the cluster, in hexadecimal.
    var clusterID: String { samples.first.map { String($0.clusterID, radix: 16) } ?? "" }
}

/// Finds both ends of a migration, as their records are now.
struct MigrationEnds {
    let services: ControllerServices
    let migration: EtcdMigration

    /// The cluster the data comes from.
    ///
    /// - Throws: `MigrationTrouble` where its record is missing, or another cluster answers, or none does.
    func source() async throws -> MigrationEnd {
        let cluster = try await record(migration.spec.sourceRef.name, "spec.sourceRef")
        let end = try await end(cluster, target: try await services.access.target(for: cluster))
        let expected = migration.status.sourceClusterID
        guard expected.isEmpty || end.clusterID == expected else {
            throw MigrationTrouble(
                "SourceReplaced",
                "EtcdCluster \"\(cluster.metadata.name)\" is cluster \(end.clusterID) by now, and the migration is of "
                    + "\(expected); cancel it and make a new one", .over)
        }
        return end
    }

    /// The cluster the data goes to, behind its fence as long as it is there.
    func destination() async throws -> MigrationEnd {
        let cluster = try await record(migration.spec.destinationRef.name, "spec.destinationRef")
        var target = try await services.access.target(for: cluster)
        if let fence = cluster.status.restore?.fence, !fence.isEmpty {
            target.knownMembers = fence.sorted { $0.key < $1.key }.map { .init(name: $0.key, endpoint: $0.value) }
        }
        let end = try await end(cluster, target: target)
        let expected = migration.status.destinationClusterID
        guard expected.isEmpty || end.clusterID == expected else {
            throw MigrationTrouble(
                "DestinationReplaced",
                "EtcdCluster \"\(cluster.metadata.name)\" is cluster \(end.clusterID) by now, and the migration is to "
                    + "\(expected); cancel it and make a new one", .over)
        }
        return end
    }

    /// The source's record; nil if there is none.
    func sourceRecord() async throws -> EtcdCluster? { try await find(migration.spec.sourceRef.name) }

    /// The destination's record; nil if there is none.
    func destinationRecord() async throws -> EtcdCluster? { try await find(migration.spec.destinationRef.name) }

    private func find(_ name: String) async throws -> EtcdCluster? {
        try await services.store.find(EtcdCluster.self, named: name, in: migration.metadata.namespace)
    }

    private func record(_ name: String, _ field: String) async throws -> EtcdCluster {
        guard let record = try await find(name) else {
            throw MigrationTrouble(
                "ClusterMissing",
                "\(field): there is no EtcdCluster \"\(name)\" in namespace \"\(migration.metadata.namespace)\"", .again
            )
        }
        return record
    }

    private func end(_ cluster: EtcdCluster, target: ClusterTarget) async throws -> MigrationEnd {
        let name = "\(cluster.displayName) (migration)"
        services.members.refresh(name)
        let health = await services.health.observe(target, named: name, timeout: .seconds(5))
        let serving = health.members.filter { !$0.isLearner && $0.linearizableRead.answer != nil }
        if serving.isEmpty, health.members.contains(where: { $0.linearizableRead.failure?.failureClass == .refused }) {
            throw MigrationTrouble(
                "UserMissing",
                "EtcdCluster \"\(cluster.metadata.name)\" requires a user; name the Secret of one with the role root in its "
                    + "spec.auth", .again)
        }
        guard !serving.isEmpty else {
            throw MigrationTrouble(
                "ClusterUnavailable", "no member of EtcdCluster \"\(cluster.metadata.name)\" serves at the moment",
                .again)
        }
        let leader = serving.compactMap { $0.status.answer?.answer.leader }.first
        let ordered = serving.sorted { ($0.id == leader ? 0 : 1, $0.name) < ($1.id == leader ? 0 : 1, $1.name) }
        return MigrationEnd(
            cluster: cluster, target: target, health: health,
            members: try ordered.map { ($0.name, try services.members.client(for: $0.endpoint, of: target)) })
    }
}
