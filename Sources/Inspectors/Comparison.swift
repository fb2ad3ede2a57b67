import Model

/// What the rounds of comparing key counts and hashes prove.
struct Comparison {
    private let observation: ConsistencyObservation

    init(of observation: ConsistencyObservation) {
        self.observation = observation
    }

    private var lastRound: ComparisonRound? { observation.rounds.last }

    /// The revision the members were last compared at.
    var revision: Int64? { lastRound?.revision }

    /// The hash, if all that were compared have the same.
    var hash: UInt32? {
        let hashes = Set(comparableHashes(in: lastRound).map(\.hash))
        return hashes.count == 1 ? hashes.first : nil
    }

    /// The number of keys, if all that were counted have the same.
    var keys: Int64? {
        let counts = Set(lastRound?.keys.compactMap(\.answer) ?? [])
        return counts.count == 1 ? counts.first : nil
    }

    /// The number of members whose hash was compared.
    var compared: Int { comparableHashes(in: lastRound).count }

    /// The members that hold what the others hold, or what the majority of them does.
    var agreeing: Set<String> {
        guard let round = lastRound else { return [] }
        let voters = observation.members.count { !$0.isLearner }
        // Who was compared with nobody agrees with nobody.
        guard compared > 1 || voters == 1 else { return [] }
        let groups = hashGroups(in: round)
        let all = Set(groups.values.joined())
        if groups.count == 1 { return all }
        return Majority(of: groups).minority.map { all.subtracting($0) } ?? []
    }

    /// The members that were not compared, and why; learners answer no hashes and are judged by their key count.
    var uncompared: [(name: String, reason: String)] {
        guard let round = lastRound else {
            let reason = bracketFailure ?? "no revision could be pinned"
            return observation.members.map { ($0.name, reason) }
        }
        let compact = comparableCompactRevision(in: round)
        return observation.members.indices.compactMap { index in
            let member = observation.members[index]
            if member.isLearner {
                return round.keys[index].answer == nil ? (member.name, reason(round.keys[index])) : nil
            }
            guard let answer = round.hashes[index].answer else { return (member.name, reason(round.hashes[index])) }
            if answer.compactRevision != compact {
                return (
                    member.name,
                    "its history is compacted to revision \(answer.compactRevision), the others' to \(compact ?? -1)"
                )
            }
            return nil
        }
    }

    var findings: [Finding] {
        differences(hashGroups, .hashesDiffer, "hash") + differences(keyGroups, .keyCountsDiffer, "number of keys")
    }

    private var bracketFailure: String? {
        observation.brackets.last?.before.failure?.message ?? observation.membershipProblem?.message
    }

    private func reason<Answer>(_ evidence: Evidence<Answer>) -> String {
        switch evidence {
        case .failed(let failure): failure.message
        case .notAsked: "it was not asked"
        case .answered: "it was compared"
        }
    }

    /// The compact revision most members answered above; only their hashes are comparable with each other.
    private func comparableCompactRevision(in round: ComparisonRound?) -> Int64? {
        let counts = Dictionary(grouping: round?.hashes.compactMap { $0.answer?.compactRevision } ?? []) { $0 }
        return counts.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }?.key
    }

    private func comparableHashes(in round: ComparisonRound?) -> [(name: String, hash: UInt32)] {
        guard let round, let compact = comparableCompactRevision(in: round) else { return [] }
        return zip(observation.members, round.hashes).compactMap { member, evidence in
            guard let answer = evidence.answer, answer.compactRevision == compact else { return nil }
            return (member.name, answer.hash)
        }
    }

    private func hashGroups(in round: ComparisonRound) -> [Int64: [String]] {
        Dictionary(grouping: comparableHashes(in: round)) { Int64($0.hash) }.mapValues { $0.map(\.name) }
    }

    private func keyGroups(in round: ComparisonRound) -> [Int64: [String]] {
        let counted = zip(observation.members, round.keys).compactMap { member, evidence in
            evidence.answer.map { (name: member.name, count: $0) }
        }
        return Dictionary(grouping: counted, by: \.count).mapValues { $0.map(\.name) }
    }

    /// A difference in the last round; it is a divergence if the same members differed in the round before.
    private func differences(
        _ groups: (ComparisonRound) -> [Int64: [String]], _ code: FindingCode, _ what: String
    ) -> [Finding] {
        let rounds = observation.rounds.suffix(2).map(groups)
        guard let last = rounds.last, last.count > 1, let round = lastRound else { return [] }
        let minority = Majority(of: last).minority
        let shown = last.sorted { $0.key < $1.key }.map { value, names in "\(names.listed) \(value)" }.listed
        let everyone = last.values.flatMap { $0 }.sorted()
        let isConfirmed =
            rounds.count == 2 && rounds[0].count > 1 && Majority(of: rounds[0]).minority == minority
        guard isConfirmed else {
            return [
                Finding(
                    code, .warning, members: minority ?? everyone,
                    "the \(what) differs at revision \(round.revision) (\(shown)); seen once, not yet confirmed",
                    remedy: "Wait for the next run; it compares again at another revision.")
            ]
        }
        let culprit =
            minority.map { ": \($0.listed) differs from the majority" } ?? "; no majority tells which is right"
        return [
            Finding(
                code, .critical, members: minority ?? everyone,
                "the \(what) differs at revision \(round.revision) (\(shown)), seen twice\(culprit)",
                remedy: Majority.remedy(minority))
        ]
    }
}
