import Model
import Testing

@testable import Controller

struct SuspicionTests {
    private static func inspection(
        _ verdict: Verdict, _ evidence: [String: Verdict], at seconds: Int64 = 100, suspended: Bool = false
    ) -> EtcdInspection {
        var inspection = EtcdInspection()
        inspection.spec.type = .consistency
        inspection.spec.suspend = suspended
        inspection.status.verdict = verdict
        inspection.status.message = "they differ"
        inspection.status.lastRunTime = Timestamp(secondsSinceEpoch: seconds)
        inspection.status.evidence = evidence.sorted { $0.key < $1.key }.map {
            MemberEvidence(member: $0.key, endpoint: "http://\($0.key)", verdict: $0.value, figures: [:], message: "")
        }
        return inspection
    }

    private static func member(_ name: String) -> MemberHealth {
        MemberHealth(name: name, id: nil, endpoint: "http://\(name)", isLearner: false)
    }

    @Test("A majority accuses without doubt; suspended or not, one of many inspections is enough")
    func culprit() {
        for isSuspended in [true, false] {
            let suspicion = Suspicion(of: [
                Self.inspection(.unknown, ["a": .unknown, "b": .unknown, "c": .unknown], at: 200),
                Self.inspection(
                    .diverged, ["a": .consistent, "b": .consistent, "c": .diverged], suspended: isSuspended),
            ])
            #expect(["a", "b", "c"].map { suspicion.accuses(Self.member($0)) } == [false, false, true])
            #expect(suspicion.doubt == nil)
        }
    }

    @Test("Without a majority everybody is in doubt")
    func undecided() {
        let suspicion = Suspicion(of: [Self.inspection(.diverged, ["a": .diverged, "b": .diverged])])
        #expect(suspicion.accuses(Self.member("a")) && suspicion.accuses(Self.member("b")))
        #expect(suspicion.doubt == "they differ")
    }

    @Test("A later comparison in which all agree clears everybody, an earlier one does not", arguments: [50, 150])
    func refuted(at seconds: Int64) {
        let suspicion = Suspicion(of: [
            Self.inspection(.diverged, ["a": .diverged, "b": .diverged], suspended: true),
            Self.inspection(.consistent, ["a": .consistent, "b": .consistent], at: seconds),
        ])
        #expect(suspicion.accuses(Self.member("a")) == (seconds < 100))
        #expect((suspicion.doubt == nil) == (seconds > 100))
    }

    @Test("A member that was known by its address alone is recognised")
    func address() {
        let suspicion = Suspicion(of: [Self.inspection(.diverged, ["h1": .diverged, "h2": .consistent])])
        var member = Self.member("orders-0")
        member.endpoint = "http://h1"
        #expect(suspicion.accuses(member))
    }
}
