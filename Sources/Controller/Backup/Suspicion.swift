import Model

/// What the consistency inspections of a cluster, whoever made them, say against its members.
///
/// An inspection that is suspended accuses on, until another one that ran later found all members to agree.
struct Suspicion {
    /// What speaks against single members.
    var culprits: [MemberEvidence] = []
    /// That members differ while no majority tells whose data are right, as a sentence.
    var doubt: String?

    /// Nothing is known against anybody.
    init() {}

    /// Gathers what inspections found.
    init(of inspections: [EtcdInspection]) {
        let refuted = inspections.filter { $0.status.verdict == .consistent }.compactMap(\.status.lastRunTime).max()
        for inspection in inspections where inspection.status.verdict == .diverged {
            if let refuted, let run = inspection.status.lastRunTime, run < refuted { continue }
            culprits += inspection.status.evidence.filter { $0.verdict == .diverged }
            // A majority that agrees is evidence for its members; without one there is none for anybody.
            let isDecided = inspection.status.evidence.contains { $0.verdict == .consistent }
            if !isDecided { doubt = doubt ?? inspection.status.message }
        }
    }

    /// Whether a member is accused; where its name was not known, by its address.
    func accuses(_ member: MemberHealth) -> Bool {
        culprits.contains { $0.member == member.name || !$0.endpoint.isEmpty && $0.endpoint == member.endpoint }
    }
}
