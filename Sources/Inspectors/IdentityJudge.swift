import Model

/// What the cluster IDs that members and endpoints answered with prove.
struct IdentityJudge {
    private let observation: HealthObservation

    init(_ observation: HealthObservation) {
        self.observation = observation
    }

    var findings: [Finding] {
        if observation.isUndecided { return [undecided] }
        guard let own = observation.clusterID else { return [] }
        if let expected = observation.expectedClusterID, own != expected { return [replaced(expected, by: own)] }
        return foreign(to: own).map { [$0] } ?? []
    }

    /// Endpoints of several clusters, and none of them is the record's: nobody can say what it stands for.
    private var undecided: Finding {
        let ids = observation.clusterIDs.union(observation.strangers.map(\.clusterID)).sorted()
        return Finding(
            .differentClusters, .critical,
            "the members belong to \(ids.count) different clusters: \(ids.map { String($0, radix: 16) }.listed)",
            remedy: "Name the endpoints of one cluster only; a member started with an empty directory may have formed "
                + "its own.")
    }

    private func replaced(_ expected: UInt64, by found: UInt64) -> Finding {
        let (own, other) = (String(expected, radix: 16), String(found, radix: 16))
        return Finding(
            .clusterReplaced, .critical,
            "the members belong to cluster \(other); this record stands for cluster \(own)",
            remedy: "Correct the endpoints in the cluster's spec; or, if the cluster was made anew, set its "
                + "annotation \(EtcdCluster.acceptedClusterID) to \"\(other)\".")
    }

    /// Members and endpoints that lead to another cluster than the rest: clients that use them read and write elsewhere.
    private func foreign(to own: UInt64) -> Finding? {
        let members = observation.members.filter { observation.isForeign($0) }
        let places =
            members.map { ($0.name, $0.status.answer?.answer.clusterID) }
            + observation.strangers.filter { $0.clusterID != own }.map { ($0.endpoint, $0.clusterID) }
        guard !places.isEmpty else { return nil }
        let told = places.map { "\($0) belongs to cluster \($1.map { String($0, radix: 16) } ?? "?")" }.listed
        // Where nobody of the own cluster answers, it may have been made anew.
        let isGone = !observation.clusterIDs.contains(own)
        let acceptance =
            isGone
            ? " If the cluster was made anew, set its annotation \(EtcdCluster.acceptedClusterID) to its ID." : ""
        return Finding(
            .differentClusters, .critical, members: members.map(\.name),
            "\(told); this record stands for cluster \(String(own, radix: 16))",
            remedy: "Correct the endpoints in the cluster's spec; a member started with an empty directory may have "
                + "formed its own cluster.\(acceptance)")
    }
}

extension HealthObservation {
    /// Whether the answers are of several clusters while nothing tells which of them the record stands for.
    var isUndecided: Bool {
        clusterID == nil && !clusterIDs.isEmpty || expectedClusterID == nil && !strangers.isEmpty
    }
}
