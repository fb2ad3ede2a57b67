import Inspectors
import Model
import Observers
import Store

/// How an inspection comes to see its cluster.
extension InspectionReconciler {
    /// What was seen, judged by the inspection's thresholds.
    struct Sight {
        var judgement: Judgement
        var began: Timestamp
        var ended: Timestamp
    }

    /// How the attempt to look went.
    enum Look {
        /// There is nothing to look at, or nobody to answer.
        case pointless(Judgement)
        /// What was seen is on the board.
        case ended
        /// Its end will wake the inspection.
        case underWay
    }

    /// The newest look at the cluster that this inspection has not judged, whoever asked for it.
    func sight(for inspection: EtcdInspection, _ key: String) -> Sight? {
        let (board, reader) = (services.observations, inspection.metadata.uid)
        switch inspection.spec.type {
        case .health:
            return board.unseenHealth(of: key, by: reader).map { seen in
                let inspector = HealthInspector(thresholds: inspection.spec.thresholds)
                return Sight(
                    judgement: inspector.inspect(seen.observation), began: seen.look.began,
                    ended: seen.observation.takenAt)
            }
        case .consistency:
            return board.unseenComparison(of: key, by: reader).map { seen in
                let inspector = ConsistencyInspector(thresholds: inspection.spec.thresholds)
                return Sight(
                    judgement: inspector.inspect(seen.observation), began: seen.look.began,
                    ended: seen.observation.takenAt)
            }
        }
    }

    /// Looks at the cluster, or joins a look that is under way.
    func look(at inspection: EtcdInspection, _ key: String) async -> Look {
        let cluster: EtcdCluster
        let target: ClusterTarget
        do {
            cluster = try await services.store.get(
                EtcdCluster.self, named: inspection.spec.clusterRef.name, in: inspection.metadata.namespace)
            target = try await services.access.target(for: cluster)
        } catch StoreError.notFound {
            return .pointless(
                .unobserved(
                    "there is no EtcdCluster \"\(inspection.spec.clusterRef.name)\" in this namespace",
                    remedy: "Apply one of that name, or correct spec.clusterRef."))
        } catch {
            return .pointless(.unobserved("\(error)", remedy: "Correct the record or Secret that is named."))
        }
        if target.endpoints.isEmpty, target.knownMembers.isEmpty {
            return .pointless(
                .unobserved("the cluster has no members yet", remedy: "Wait until its members are started."))
        }
        let timeout = inspection.spec.timeout ?? .seconds(5)
        let record = RecordID(of: inspection)
        switch inspection.spec.type {
        case .health:
            return await services.lookAtMembers(target, named: key, timeout: timeout, for: record) ? .ended : .underWay
        case .consistency:
            guard let health = await health(of: cluster, target, key, for: record) else { return .underWay }
            if let silence = silence(health) {
                return .pointless(ConsistencyInspector(thresholds: inspection.spec.thresholds).inspect(silence))
            }
            return await services.compareMembers(target, named: key, timeout: timeout, for: record)
                ? .ended : .underWay
        }
    }

    /// How the members are, as far as it is known or can be found out in a moment.
    private func health(
        of cluster: EtcdCluster, _ target: ClusterTarget, _ key: String, for record: RecordID
    ) async -> HealthObservation? {
        let limit = EtcdCluster.evidenceLimit
        if let health = services.observations.health(of: key, notOlderThan: limit) { return health }
        let timeout = cluster.spec.inspections.health.timeout ?? .seconds(5)
        guard await services.lookAtMembers(target, named: key, timeout: timeout, for: record) else { return nil }
        return services.observations.health(of: key, notOlderThan: limit)
    }

    /// The comparison of members of which none answers; asking them one by one would only take its time.
    private func silence(_ health: HealthObservation) -> ConsistencyObservation? {
        guard !health.members.contains(where: { $0.status.answer != nil }) else { return nil }
        func failure(_ member: MemberHealth) -> EvidenceFailure {
            member.connection.failure ?? member.status.failure ?? EvidenceFailure(.other, "it was not reached")
        }
        let members = health.members.map { member in
            var silent = ConsistencyMember(
                name: member.name, endpoint: member.endpoint, isLearner: member.isLearner)
            silent.samples = [.failed(failure(member))]
            return silent
        }
        return ConsistencyObservation(
            takenAt: health.takenAt, members: members,
            membershipProblem: health.members.first.map(failure) ?? health.membershipProblem)
    }
}
