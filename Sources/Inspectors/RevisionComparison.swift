import Model

/// What the members' revisions prove, from two kinds of evidence that a healthy cluster can never give.
struct RevisionComparison {
    private let observation: ConsistencyObservation

    init(of observation: ConsistencyObservation) {
        self.observation = observation
    }

    var findings: [Finding] {
        bracketFindings + sampleFindings
    }

    /// Members whose linearizable reads went backwards or ahead.
    ///
    /// A linearizable read returns at least what any linearizable read before it returned, and at most what one after
    /// it does. A member that breaks this in two brackets holds another history.
    private var bracketFindings: [Finding] {
        observation.members.indices.compactMap { index in
            let violations = observation.brackets.map { violation(at: index, in: $0) }
            guard let last = violations.last, let violation = last else { return nil }
            let name = observation.members[index].name
            guard violations.count >= 2, violations.suffix(2).allSatisfy({ $0 != nil }) else {
                return Finding(
                    .revisionOutOfBracket, .warning, members: [name],
                    "\(name) \(violation); seen once, not yet confirmed",
                    remedy: "Wait for the next run; a passing state does not repeat.")
            }
            return Finding(
                .revisionOutOfBracket, .critical, members: [name], "\(name) \(violation); seen twice",
                remedy: "Take a backup from another member, then replace \(name); do not trust reads from it.")
        }
    }

    private func violation(at index: Int, in bracket: RevisionBracket) -> String? {
        guard index < bracket.members.count, let own = bracket.members[index].answer else { return nil }
        if let before = bracket.before.answer, own < before {
            return "returned revision \(own) for a linearizable read begun after revision \(before) was confirmed"
        }
        if let after = bracket.after.answer, own > after {
            return "returned revision \(own), which the cluster had not reached afterwards (\(after))"
        }
        return nil
    }

    /// Members that differ although they applied the same entries.
    ///
    /// Members that stand still at the same applied raft index have applied the same entries; their revisions are equal
    /// unless one of them applied an entry differently. Only an index that did not move between the samples counts,
    /// since a Status is not read at one instant.
    private var sampleFindings: [Finding] {
        let still = observation.members.compactMap { member -> (name: String, applied: UInt64, revision: Int64)? in
            let samples = member.samples.compactMap(\.answer)
            guard samples.count >= 2, let first = samples.first,
                samples.allSatisfy({
                    $0.raftAppliedIndex == first.raftAppliedIndex && $0.revision == first.revision
                        && $0.clusterID == first.clusterID
                })
            else { return nil }
            return (member.name, first.raftAppliedIndex, first.revision)
        }
        return Dictionary(grouping: still, by: \.applied).sorted { $0.key < $1.key }.compactMap { applied, members in
            let byRevision = Dictionary(grouping: members, by: \.revision)
            guard byRevision.count > 1 else { return nil }
            let minority = Majority(of: byRevision.mapValues { $0.map(\.name) }).minority
            let shown = members.map { "\($0.name) \($0.revision)" }.listed
            return Finding(
                .revisionsDiffer, .critical, members: minority ?? members.map(\.name),
                "at the same applied raft index \(applied) the members hold different revisions: \(shown)"
                    + (minority == nil ? "; no majority tells which is right" : ""),
                remedy: Majority.remedy(minority))
        }
    }
}

/// Who is in the minority among members grouped by what they hold.
struct Majority {
    /// The members outside the majority, or nil where there is no majority of at least two.
    let minority: [String]?

    init<Holding: Hashable>(of groups: [Holding: [String]]) {
        let total = groups.values.reduce(0) { $0 + $1.count }
        let winner = groups.first { $0.value.count * 2 > total && $0.value.count >= 2 }
        minority = winner.map { winner in groups.filter { $0.key != winner.key }.flatMap(\.value).sorted() }
    }

    static func remedy(_ minority: [String]?) -> String {
        guard let minority else {
            return "Compare the members with a verified backup before changing anything; keep every data directory."
        }
        return "Take a backup from another member, then replace \(minority.listed); keep the old data directory."
    }
}
