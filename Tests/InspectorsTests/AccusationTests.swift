import Inspectors
import Model
import Testing

/// Accusations outlive runs that settle nothing.
struct AccusationTests {
    private typealias Base = ConsistencyInspectorTests

    /// The judgement of two equal rounds with these hashes; nil for a member that does not answer.
    private static func judge(_ hashes: [UInt32?]) -> Judgement {
        var observation = Base.observation(hashes.count)
        observation.rounds = [Base.round(50, hashes: hashes), Base.round(60, hashes: hashes)]
        for index in hashes.indices where hashes[index] == nil {
            observation.members[index].samples = [.failed(EvidenceFailure(.unreachable, "connection refused"))]
            observation.brackets = []
        }
        return Base.judge(observation)
    }

    /// The judgement after runs with these hashes, each remembering the one before it.
    private static func judge(inTurn runs: [[UInt32?]]) -> Judgement {
        var last = Judgement(verdict: .unknown, message: "")
        for run in runs { last = judge(run).keepingAccusations(of: last.evidence, last.findings) }
        return last
    }

    private static func accused(_ judgement: Judgement) -> [String] {
        judgement.evidence.filter { $0.verdict == .diverged }.map(\.member)
    }

    @Test("A culprit that cannot be compared stays accused, with the finding that says so once")
    func unreachable() {
        let judgement = Self.judge(inTurn: [[9, 9, 8], [9, 9, nil], [9, 9, nil]])
        #expect(judgement.verdict == .diverged)
        #expect(Self.accused(judgement) == ["m3"])
        let finding = judgement.findings.first
        #expect(finding?.code == .hashesDiffer && finding?.members == ["m3"] && finding?.severity == .critical)
        #expect(finding?.message.hasSuffix("; not compared since") == true)
        #expect(finding?.message.components(of: "not compared since") == 1)
        #expect(judgement.message == finding?.message)
    }

    @Test("A culprit that was compared and agrees is cleared, and so is one that is a member no more")
    func cleared() {
        #expect(Self.judge(inTurn: [[9, 9, 8], [9, 9, nil], [9, 9, 9]]).verdict == .consistent)
        let gone = Self.judge(inTurn: [[9, 9, 8], [9, 9]])
        #expect(gone.verdict == .consistent && Self.accused(gone).isEmpty)
    }

    @Test("Nobody looked: the accusation stands, and the others are unknown")
    func unobserved() {
        let first = Self.judge([9, 9, 8])
        let judgement = Judgement.unobserved("there is no way to the members", remedy: "x")
            .keepingAccusations(of: first.evidence, first.findings)
        #expect(judgement.verdict == .diverged)
        #expect(judgement.evidence.map(\.verdict) == [.unknown, .unknown, .diverged])
        #expect(judgement.findings.map(\.code) == [.hashesDiffer, .notObserved])
    }

    @Test("To differ from a culprit is no accusation where no majority is there")
    func excused() {
        for runs in [[[9, 9, 8], [nil, 9, 8]], [[9, 9, 8], [nil, 9, 8], [nil, 9, 8]]] as [[[UInt32?]]] {
            let judgement = Self.judge(inTurn: runs)
            #expect(judgement.verdict == .diverged)
            #expect(Self.accused(judgement) == ["m3"])
        }
        // Two that differ while the culprit is away accuse each other.
        #expect(Self.accused(Self.judge(inTurn: [[9, 9, 8], [9, 7, nil]])) == ["m1", "m2", "m3"])
    }

    @Test("A member known by its address alone is still the accused one")
    func byAddress() {
        let first = Self.judge([9, 9, 8])
        var second = Self.judge([nil, nil, nil])
        for index in second.evidence.indices { second.evidence[index].member = second.evidence[index].endpoint }
        let judgement = second.keepingAccusations(of: first.evidence, first.findings)
        #expect(Self.accused(judgement) == ["http://127.0.0.1:3"])
        #expect(judgement.verdict == .diverged)
    }
}

extension String {
    /// How often another string occurs.
    fileprivate func components(of other: String) -> Int { ranges(of: other).count }
}
