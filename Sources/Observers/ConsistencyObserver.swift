import Etcd
public import Model

/// Collects the evidence by which members are compared, in the order that accuses no healthy member.
///
/// First each member's account of itself, twice; then a bracket of linearizable reads; then, at one pinned revision, key
/// counts and hashes, one member after the other and the leader last, since each of them stops that member's writes
/// for as long as it takes. Whatever differs is asked for a second time.
public struct ConsistencyObserver: Sendable {
    private let finder: MemberFinder
    /// The time between the two accounts that members give of themselves.
    private let pause: Duration

    /// Creates an observer that finds members with a finder.
    public init(finder: MemberFinder, pause: Duration = .seconds(1)) {
        self.finder = finder
        self.pause = pause
    }

    /// Observes a cluster; returns soon after `timeout` at the latest, with what was seen until then.
    ///
    /// - Parameters:
    ///   - target: the cluster.
    ///   - name: what the cluster is remembered by.
    ///   - timeout: how long the whole observation may take.
    ///   - earlier: the last observation, whose hashes stand in while `budget` is spent.
    ///   - budget: what comparing may cost; updated by what it cost.
    /// - Returns: what was seen.
    public func observe(
        _ target: ClusterTarget, named name: String, timeout: Duration, earlier: ConsistencyObservation? = nil,
        budget: inout ComparisonBudget
    ) async -> ConsistencyObservation {
        let deadline = ContinuousClock.now + timeout
        let membership = await finder.members(of: target, named: name, timeout: min(timeout / 4, .seconds(5)))
        let probe = Probe(members: membership.members, deadline: deadline)
        var observation = ConsistencyObservation(
            takenAt: .now,
            members: membership.members.map {
                ConsistencyMember(name: $0.name, endpoint: $0.endpoint, isLearner: $0.isLearner)
            }, membershipProblem: membership.problem)
        await sample(&observation, probe)
        // Where nobody answers there is nothing to compare, and asking on would only take all the time there is.
        guard !answering(observation).isEmpty else {
            observation.takenAt = .now
            return observation
        }
        await compareRevisions(&observation, probe)
        if budget.isDue(at: .now) {
            await compareContent(&observation, probe, &budget)
        } else if let earlier {
            Self.carry(earlier, into: &observation)
        }
        observation.takenAt = .now
        return observation
    }

    /// Lets the rounds of an earlier observation stand in, as far as they still speak of the members there are.
    ///
    /// A hash of another process behind the same name says nothing, and one of a member that does not answer now says
    /// nothing of what it holds now.
    static func carry(_ earlier: ConsistencyObservation, into observation: inout ConsistencyObservation) {
        guard earlier.members.map(\.name) == observation.members.map(\.name),
            zip(earlier.members, observation.members).allSatisfy({ old, new in
                guard let old = identity(of: old), let new = identity(of: new) else { return true }
                return old == new
            })
        else { return }
        observation.rounds = earlier.rounds
        observation.comparedAt = earlier.comparedAt
        for index in observation.members.indices {
            guard let failure = failure(of: index, in: observation) else { continue }
            for round in observation.rounds.indices {
                observation.rounds[round].keys[index] = .failed(failure)
                observation.rounds[round].hashes[index] = .failed(failure)
            }
        }
    }

    private static func identity(of member: ConsistencyMember) -> [UInt64]? {
        member.samples.compactMap(\.answer).last.map { [$0.clusterID, $0.memberID] }
    }

    /// Why a member does not answer now, if it does not.
    private static func failure(of index: Int, in observation: ConsistencyObservation) -> EvidenceFailure? {
        if let failure = observation.members[index].samples.last?.failure { return failure }
        guard let bracket = observation.brackets.last, index < bracket.members.count else { return nil }
        return bracket.members[index].failure
    }

    private func sample(_ observation: inout ConsistencyObservation, _ probe: Probe) async {
        for round in 0..<2 {
            if round > 0 { try? await Task.sleep(for: min(pause, max(.zero, probe.remaining / 4))) }
            let asked = round == 0 ? Set(observation.members.indices) : answering(observation)
            guard !asked.isEmpty else { return }
            let samples = await probe.everyone(where: asked.contains) { client, timeout in
                await .asking { () async throws(EtcdError) in StatusSample(try await client.status(timeout: timeout)) }
            }
            for (index, sample) in samples.enumerated() {
                // A member that did not answer once is not waited for again.
                let sample = asked.contains(index) ? sample : observation.members[index].samples[0]
                observation.members[index].samples.append(sample)
                if let isLearner = sample.answer?.isLearner { observation.members[index].isLearner = isLearner }
            }
        }
        let asked = answering(observation)
        let lists = await probe.everyone(where: asked.contains) { client, timeout -> Evidence<[UInt64]> in
            await .asking { () async throws(EtcdError) in
                try await client.memberList(linearizable: false, timeout: timeout).members.map(\.id)
            }
        }
        for (index, list) in lists.enumerated() where !observation.members[index].isLearner {
            observation.members[index].memberIDs = list
        }
    }

    /// The places of the members that answered last.
    private func answering(_ observation: ConsistencyObservation) -> Set<Int> {
        Set(observation.members.indices.filter { observation.members[$0].samples.last?.answer != nil })
    }

    private func compareRevisions(_ observation: inout ConsistencyObservation, _ probe: Probe) async {
        for _ in 0..<2 {
            let bracket = await bracket(observation, probe)
            observation.brackets.append(bracket)
            // A second bracket only confirms what a first one found.
            guard let before = bracket.before.answer, let after = bracket.after.answer,
                bracket.members.contains(where: { $0.answer.map { $0 < before || $0 > after } ?? false })
            else { return }
        }
    }

    private func bracket(_ observation: ConsistencyObservation, _ probe: Probe) async -> RevisionBracket {
        let asked = answering(observation)
        let order = Self.leaderLast(observation).filter(asked.contains)
        guard let anchor = order.last else {
            return RevisionBracket(before: .notAsked, members: [], after: .notAsked)
        }
        let before = await probe.one(anchor, linearizableRevision)
        let learners = observation.members.map(\.isLearner)
        var members = await probe.everyone(where: { asked.contains($0) && !learners[$0] }, linearizableRevision)
        for index in members.indices where !asked.contains(index) {
            if let failure = observation.members[index].samples.last?.failure { members[index] = .failed(failure) }
        }
        let after = await probe.one(anchor, linearizableRevision)
        return RevisionBracket(before: before, members: members, after: after)
    }

    private func linearizableRevision(_ client: EtcdClient, _ timeout: Duration) async -> Evidence<Int64> {
        await .asking { () async throws(EtcdError) in
            let request = RangeRequest(.key("health"), content: .countOnly)
            return try await client.range(request, timeout: timeout).header.revision
        }
    }

    private func compareContent(
        _ observation: inout ConsistencyObservation, _ probe: Probe, _ budget: inout ComparisonBudget
    ) async {
        var longest = Duration.zero
        for attempt in 0..<4 {
            // The newest revision that every member that answers has reached.
            let reached = await bracket(observation, probe).members.compactMap(\.answer)
            guard let revision = reached.min(), probe.remaining > .zero else { break }
            let (round, duration) = await compare(at: revision, observation, probe)
            longest = max(longest, duration)
            guard !Self.wasOvertakenByCompaction(round) || attempt == 3 else { continue }
            observation.rounds.append(round)
            observation.comparedAt = .now
            if observation.rounds.count == 2 || !Self.differs(round) { break }
        }
        budget.spend(longest, endingAt: .now)
    }

    private func compare(
        at revision: Int64, _ observation: ConsistencyObservation, _ probe: Probe
    ) async -> (ComparisonRound, longest: Duration) {
        let count = observation.members.count
        var round = ComparisonRound(
            revision: revision, keys: Array(repeating: .notAsked, count: count),
            hashes: Array(repeating: .notAsked, count: count))
        var longest = Duration.zero
        for index in Self.leaderLast(observation, includingLearners: true) {
            if let failure = observation.members[index].samples.last?.failure {
                round.keys[index] = .failed(failure)
                round.hashes[index] = .failed(failure)
                continue
            }
            let start = ContinuousClock.now
            round.keys[index] = await probe.one(index, patient: true) { client, timeout in
                await .asking { () async throws(EtcdError) in
                    let request = RangeRequest(.all, content: .countOnly, revision: revision, isSerializable: true)
                    return try await client.range(request, timeout: timeout).count
                }
            }
            // A learner refuses HashKV; its keys are counted all the same.
            if !observation.members[index].isLearner {
                round.hashes[index] = await probe.one(index, patient: true) { client, timeout in
                    await .asking { () async throws(EtcdError) in
                        let answer = try await client.hashKV(revision: revision, timeout: timeout)
                        return HashAnswer(hash: answer.hash, compactRevision: answer.compactRevision)
                    }
                }
            }
            longest = max(longest, ContinuousClock.now - start)
        }
        return (round, longest)
    }

    /// Whether a compaction came between the members' answers, so that they cannot be compared with each other.
    static func wasOvertakenByCompaction(_ round: ComparisonRound) -> Bool {
        let compactRevisions = Set(round.hashes.compactMap { $0.answer?.compactRevision })
        return compactRevisions.count > 1
            || round.hashes.contains { $0.failure?.failureClass == .compacted }
            || round.keys.contains { $0.failure?.failureClass == .compacted }
    }

    static func differs(_ round: ComparisonRound) -> Bool {
        Set(round.hashes.compactMap { $0.answer?.hash }).count > 1 || Set(round.keys.compactMap(\.answer)).count > 1
    }

    /// The members' places, the leader at the end: what stops its writes stops everybody's.
    static func leaderLast(_ observation: ConsistencyObservation, includingLearners: Bool = false) -> [Int] {
        let leader = observation.members.lazy.compactMap { $0.samples.last?.answer?.leader }.first { $0 != 0 }
        let places = observation.members.indices.filter { includingLearners || !observation.members[$0].isLearner }
        return places.filter { !leads(observation.members[$0], leader) }
            + places.filter { leads(observation.members[$0], leader) }
    }

    private static func leads(_ member: ConsistencyMember, _ leader: UInt64?) -> Bool {
        guard let leader, let own = member.samples.last?.answer?.memberID else { return false }
        return own == leader
    }
}
