import Etcd
import Model

/// Asks members questions until one common deadline.
struct Probe: Sendable {
    let members: [DialledMember]
    let deadline: ContinuousClock.Instant
    /// Longer than etcd's own patience of 7 s helps nobody who waits for a small answer.
    private static let patience = Duration.seconds(5)

    var remaining: Duration { deadline - ContinuousClock.now }

    /// Asks one member; a patient question may take all the time that is left.
    func one<Answer>(
        _ index: Int, patient: Bool = false, _ question: (EtcdClient, Duration) async -> Evidence<Answer>
    ) async -> Evidence<Answer> {
        guard let client = members[index].client else {
            return .failed(EvidenceFailure(.unreachable, "\(members[index].name) has not told its client URL yet"))
        }
        let left = remaining
        guard left > .zero else {
            return .failed(
                EvidenceFailure(.timeout, "the inspection's time was up before \(members[index].name) was asked"))
        }
        return await question(client, patient ? left : min(left, Self.patience))
    }

    /// Asks all members at once, or those whose place is wanted.
    func everyone<Answer: Sendable>(
        where isWanted: (Int) -> Bool = { _ in true },
        _ question: @Sendable @escaping (EtcdClient, Duration) async -> Evidence<Answer>
    ) async -> [Evidence<Answer>] {
        await withTaskGroup(of: (Int, Evidence<Answer>).self) { group in
            for index in members.indices where isWanted(index) {
                group.addTask { (index, await one(index, question)) }
            }
            var answers = [Evidence<Answer>](repeating: .notAsked, count: members.count)
            for await (index, answer) in group {
                answers[index] = answer
            }
            return answers
        }
    }
}
