import Etcd
import Model

/// The member lists that the endpoints of one cluster gave, and what they mean together: a pure value, so that nothing
/// depends on who was quicker to answer.
struct MemberLists {
    /// What one endpoint answered.
    struct Answer: Sendable {
        var endpoint: String
        var clusterID: UInt64
        var raftTerm: UInt64
        var members: [EtcdMember]
    }

    /// The answers, in the order in which the endpoints were named.
    let answers: [Answer]
    /// The endpoints that did not answer.
    let silent: [String]
    /// The cluster that the record stands for; nil while that is not known.
    let expected: UInt64?

    /// The cluster whose members are looked at; nil where the answers do not tell.
    ///
    /// It is the one the record stands for if any endpoint leads there. Another one is taken for it only if every
    /// endpoint leads to that one: where some are silent, the record's own cluster may be behind them.
    var clusterID: UInt64? {
        let found = Set(answers.map(\.clusterID))
        if let expected, found.contains(expected) { return expected }
        guard let only = found.first, found.count == 1, expected == nil || silent.isEmpty else { return nil }
        return only
    }

    /// Every member that any endpoint of the cluster names, as most of them describe it.
    var members: [EtcdMember] {
        let entries = own.flatMap(\.members)
        let descriptions = Dictionary(grouping: entries, by: \.id).values
        return descriptions.compactMap { same -> EtcdMember? in
            // Where as many say one thing as another, the first named of the newest term is believed.
            same.enumerated().max { left, right in
                let counts = (same.count { $0 == left.element }, same.count { $0 == right.element })
                return (counts.0, right.offset) < (counts.1, left.offset)
            }?.element
        }.sorted { $0.id < $1.id }
    }

    /// The endpoints that lead to another cluster than the one looked at; all that answered, where none is decided on.
    var strangers: [ForeignEndpoint] {
        answers.filter { $0.clusterID != clusterID }.map {
            ForeignEndpoint(endpoint: $0.endpoint, clusterID: $0.clusterID)
        }
    }

    /// That the endpoints of the cluster do not name the same members, if they do not.
    var problem: EvidenceFailure? {
        let groups = Dictionary(grouping: own) { Set($0.members.map(\.id)) }
        guard groups.count > 1 else { return nil }
        let said = groups.values.map { group in
            let names = (group.first?.members ?? []).map { $0.name.isEmpty ? $0.idText : $0.name }.sorted()
            return "\(group.map(\.endpoint).sorted().joined(separator: ", ")): \(names.joined(separator: ", "))"
        }
        return EvidenceFailure(.other, "the members' lists differ (\(said.sorted().joined(separator: "; ")))")
    }

    /// Whether the lists agree, so that they need not be asked for again at once.
    var isSettled: Bool { clusterID != nil && strangers.isEmpty && problem == nil }

    private var own: [Answer] {
        guard let id = clusterID else { return [] }
        return answers.filter { $0.clusterID == id }.sorted { $0.raftTerm > $1.raftTerm }
    }
}
