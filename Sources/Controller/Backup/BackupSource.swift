import Model

/// Chooses the member to back up: a pure function of the last look at the members and of what is known against them.
enum BackupSource {
    /// The member to take a snapshot from.
    struct Choice {
        var member: MemberHealth
        /// Why nobody can say that its data are right, if nobody can.
        var doubt: String?
    }

    /// The member to take a snapshot from, or why there is none, as a sentence.
    ///
    /// A member qualifies if it just served a linearizable read, so that its snapshot holds at least what was confirmed
    /// then. Among those the one that has applied most is taken; a follower rather than the leader, which everybody
    /// writes to. Members that a majority accuses of holding other data never qualify: a better one will serve again.
    /// Where members differ and no majority tells who is right, one of them is taken all the same, since a backup in
    /// doubt is better than none; the doubt goes with it.
    static func choose(
        from health: HealthObservation, against suspicion: Suspicion
    ) -> Result<Choice, EvidenceFailure> {
        let serving = health.members.filter { !$0.isLearner && $0.linearizableRead.answer != nil }
        guard let anyone = best(of: serving) else {
            return .failure(
                EvidenceFailure(.noLeader, "no member serves linearizable reads, so no snapshot would be current"))
        }
        if let best = best(of: serving.filter { !suspicion.accuses($0) }) {
            return .success(Choice(member: best, doubt: suspicion.doubt))
        }
        if let doubt = suspicion.doubt { return .success(Choice(member: anyone, doubt: doubt)) }
        return .failure(
            EvidenceFailure(
                .corrupt,
                "every serving member differs from the majority by the consistency inspection; bring back the others"))
    }

    private static func best(of members: [MemberHealth]) -> MemberHealth? {
        members.max { left, right in rank(left) < rank(right) }
    }

    /// Followers before the leader, then by what was applied, then by name from the back, so that equal members are
    /// always ordered the same way.
    private static func rank(_ member: MemberHealth) -> (Int, UInt64, String) {
        let sample = member.status.answer?.answer
        let isFollower = sample.map { $0.leader != $0.memberID } ?? false
        // A follower may trail by what is under way, which the linearizable read has just bounded.
        return (isFollower ? 1 : 0, (sample?.raftAppliedIndex ?? 0) / 1000, member.name)
    }
}
