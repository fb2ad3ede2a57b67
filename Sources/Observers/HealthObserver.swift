import Etcd
public import Model
import Transport

/// Climbs every member's ladder of probes at once.
///
/// A probe of a healthy voter is a Status, which the member answers from memory, and one linearizable read, which costs
/// the cluster a heartbeat (raft ReadIndex) and no proposal. etcd's own `/health` and its list of alarms are proposals
/// up to 3.5, so neither is asked: Status tells the alarms as well. Lower rungs are tried only to tell why a higher one
/// did not hold.
public struct HealthObserver: Sendable {
    private let finder: MemberFinder

    /// Creates an observer that finds members with a finder.
    public init(finder: MemberFinder) {
        self.finder = finder
    }

    /// Observes a cluster; returns after `timeout` at the latest, with what was seen until then.
    public func observe(_ target: ClusterTarget, named name: String, timeout: Duration) async -> HealthObservation {
        let deadline = ContinuousClock.now + timeout
        let membership = await finder.members(of: target, named: name, timeout: timeout / 3)
        var members = await climbAll(membership, until: deadline)
        // Members that answer for themselves and confirm nothing may be electing a leader, which takes a second or two
        // and is no loss of quorum; so they are asked again as long as there is time.
        while Self.mayBeElecting(members), deadline - ContinuousClock.now > Self.electionPause * 2 {
            do {
                try await Task.sleep(for: Self.electionPause)
            } catch {
                break
            }
            members = await climbAll(membership, until: deadline)
        }
        return HealthObservation(
            takenAt: .now, members: members, membershipProblem: membership.problem, quota: target.quota,
            expectedClusterID: target.expectedClusterID, strangers: membership.strangers)
    }

    /// How long to wait before members that may be electing a leader are asked again.
    private static let electionPause = Duration.milliseconds(500)

    private static func mayBeElecting(_ members: [MemberHealth]) -> Bool {
        let voters = members.filter { !$0.isLearner }
        return !voters.contains { $0.linearizableRead.answer != nil }
            && voters.count { $0.status.answer != nil } * 2 > voters.count
    }

    private func climbAll(
        _ membership: MemberFinder.Membership, until deadline: ContinuousClock.Instant
    ) async -> [MemberHealth] {
        let rung = max(.milliseconds(50), (deadline - ContinuousClock.now) / 3)
        return await withTaskGroup(of: (Int, MemberHealth).self) { group in
            for (index, member) in membership.members.enumerated() {
                group.addTask { (index, await climb(member, rung: rung)) }
            }
            var found: [(Int, MemberHealth)] = []
            for await result in group {
                found.append(result)
            }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func climb(_ member: DialledMember, rung: Duration) async -> MemberHealth {
        var health = MemberHealth(
            name: member.name, id: member.id, endpoint: member.endpoint, isLearner: member.isLearner)
        guard let client = member.client else {
            let reason = member.endpoint.isEmpty ? "it has not told its client URL yet" : "\(member.endpoint) is no URL"
            health.connection = .failed(EvidenceFailure(.unreachable, reason))
            return health
        }
        health.status = await timed { () async throws(EtcdError) in
            StatusSample(try await client.status(timeout: rung))
        }
        guard case .answered(let status) = health.status else {
            health.connection = await connect(client.endpoint, timeout: rung)
            return health
        }
        health.id = status.answer.memberID
        health.isLearner = status.answer.isLearner
        if !health.isLearner {
            health.linearizableRead = await read(client, serializable: false, timeout: rung)
            if health.linearizableRead.answer != nil { return health }
        }
        health.serializableRead = await read(client, serializable: true, timeout: rung)
        return health
    }

    private func connect(_ endpoint: Endpoint, timeout: Duration) async -> Evidence<Duration> {
        do {
            return .answered(try await TCPProbe.connect(to: endpoint, timeout: timeout, on: finder.engine))
        } catch {
            return .failed(EvidenceFailure(.unreachable, error.description))
        }
    }

    /// Reads the key that `etcdctl endpoint health` reads.
    ///
    /// Being denied it is an answer too: etcd confirms the read
    /// with a quorum before it looks at permissions (`EtcdServer.Range`).
    private func read(_ client: EtcdClient, serializable: Bool, timeout: Duration) async -> Evidence<Duration> {
        let answer = await timed { () async throws(EtcdError) in
            do throws(EtcdError) {
                _ = try await client.range(
                    RangeRequest(.key("health"), content: .countOnly, isSerializable: serializable), timeout: timeout)
            } catch {
                guard error.code == .permissionDenied else { throw error }
            }
            return true
        }
        switch answer {
        case .answered(let answer): return .answered(answer.duration)
        case .failed(let failure): return .failed(failure)
        case .notAsked: return .notAsked
        }
    }

    private func timed<Answer>(_ body: () async throws(EtcdError) -> Answer) async -> Evidence<Timed<Answer>> {
        let start = ContinuousClock.now
        do {
            let answer = try await body()
            return .answered(Timed(answer, ContinuousClock.now - start))
        } catch {
            return .failed(EvidenceFailure(error))
        }
    }
}
