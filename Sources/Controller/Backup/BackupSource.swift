import Model

/// Chooses the member to back up: a pure function of the last look at the members.
enum BackupSource {
    /// The member to take a snapshot from, or why there is none, as a sentence.
    ///
    /// A member qualifies if it just served a linearizable read, so that its snapshot holds at least what was confirmed
    /// then. Among those the one that has applied most is taken; a follower rather than the leader, which everybody
    /// writes to. Members accused of holding other data never qualify.
    static func choose(from health: HealthObservation, excluding accused: Set<String>) -> Result<
        MemberHealth, EvidenceFailure
    > {
        let serving = health.members.filter { !$0.isLearner && $0.linearizableRead.answer != nil }
        guard !serving.isEmpty else {
            return .failure(
                EvidenceFailure(.noLeader, "no member serves linearizable reads, so no snapshot would be current"))
        }
        let trusted = serving.filter { !accused.contains($0.name) }
        guard !trusted.isEmpty else {
            return .failure(
                EvidenceFailure(
                    .corrupt, "every serving member is accused by the consistency inspection; a person must decide"))
        }
        let best = trusted.max { left, right in rank(left) < rank(right) }
        return best.map { .success($0) } ?? .failure(EvidenceFailure(.other, "no member qualifies"))
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
