import ControllerRuntime
import Inspectors
import Model
import Observers
import Store

/// How a cluster's own pass comes to see its members.
extension ClusterReconciler {
    /// What a pass can know of the members.
    enum Evidence: Equatable {
        /// There is no way to them; the obstacle is told.
        case none
        /// They are being looked at, and what is on record is young enough until that has ended.
        case underWay
        /// They are being looked at, and what is on record is too old to be believed meanwhile.
        case tooOld
        /// What was seen.
        case seen(HealthObservation)
    }

    /// Takes the newest look at the members that anybody made, or a fresh one if it is too old or something happened
    /// since.
    func evidence(of cluster: EtcdCluster, _ builder: inout ClusterStatusBuilder) async -> Evidence {
        let target: ClusterTarget
        do {
            target = try await services.access.target(for: cluster)
        } catch let problem as AccessProblem {
            builder.obstacle = .init(reason: problem.reason, message: problem.description)
            return .none
        } catch {
            builder.obstacle = .init(reason: "StoreUnavailable", message: "\(error)")
            return .none
        }
        let (key, reader) = (cluster.displayName, cluster.metadata.uid)
        let board = services.observations
        board.expect(cluster.metadata.generation, of: key)
        // What this record has not been shown yet is used although the pass had to wait for its turn.
        let isNew = board.unseenHealth(of: key, by: reader) != nil
        let age = isNew ? Self.oldestEvidence : Self.oldestEvidence(for: cluster, at: builder.now)
        if let seen = board.health(of: key, notOlderThan: age) { return .seen(seen) }
        // The inspection judges what is seen here, so that both always tell the same.
        let inspection = RecordID(
            EtcdInspection.kind, namespace: cluster.metadata.namespace, name: Self.inspectionName(.health, of: cluster))
        let hasEnded = await services.lookAtMembers(
            target, named: key, timeout: cluster.spec.inspections.health.timeout ?? .seconds(5),
            for: RecordID(of: cluster), telling: inspection)
        if hasEnded, let seen = board.health(of: key, notOlderThan: Self.oldestEvidence) {
            _ = board.unseenHealth(of: key, by: reader)
            return .seen(seen)
        }
        let isTooOld = cluster.status.observedTime.map { builder.now - $0 > EtcdCluster.evidenceLimit } ?? false
        return isTooOld ? .tooOld : .underWay
    }

    /// Judges what was seen, and takes up which cluster it is.
    func judge(_ cluster: inout EtcdCluster, by evidence: Evidence, _ builder: inout ClusterStatusBuilder) {
        guard case .seen(var observation) = evidence else {
            builder.isEvidenceTooOld = evidence == .tooOld
            return
        }
        observation.members = Self.own(observation.members, of: cluster, builder.processes)
        builder.health = observation
        builder.judgement = HealthInspector(thresholds: cluster.spec.inspections.health.thresholds)
            .inspect(observation)
        if ClusterIdentity.settle(&cluster, by: observation) {
            services.events.warning(
                cluster, "IncarnationChanged",
                "the members belong to cluster \(cluster.status.incarnation); backups of it are kept apart from earlier ones"
            )
        }
    }

    /// What was seen of the members that this cluster can have.
    ///
    /// Until a Local cluster has formed, whatever answers at a planned address while our process does not run there is
    /// somebody else's etcd, and none of ours.
    private static func own(
        _ members: [MemberHealth], of cluster: EtcdCluster, _ processes: [String: LocalProvider.ProcessView]
    ) -> [MemberHealth] {
        guard cluster.spec.provider == .local, cluster.status.clusterID.isEmpty else { return members }
        return cluster.plannedMembers.map { planned in
            if processes[planned.name]?.pid != nil, let seen = members.first(where: { $0.name == planned.name }) {
                return seen
            }
            var absent = MemberHealth(name: planned.name, id: nil, endpoint: planned.endpoint, isLearner: false)
            absent.connection = .failed(EvidenceFailure(.unreachable, "its process does not run"))
            return absent
        }
    }

    /// The oldest evidence any cluster is judged by: a little younger than the time between two passes, so that each of
    /// them looks where nobody else does.
    private static let oldestEvidence = EtcdCluster.longestLookInterval - .seconds(10)

    /// How old the last look at the members may be for the cluster to be judged by it; else it looks itself.
    ///
    /// Together with the time between two passes over a cluster that runs, no more than a minute, what its status says
    /// rests on evidence of the last two minutes.
    static func oldestEvidence(for cluster: EtcdCluster, at now: Timestamp) -> Duration {
        cluster.status.phase == .running
            ? min(cluster.lookInterval * 2, oldestEvidence)
            : min(cluster.lookInterval, patience(cluster, now) / 2)
    }
}
