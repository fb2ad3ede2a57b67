import Model
import Testing

@testable import Controller

/// When drills are due, and what is said of them.
struct DrillPlanTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_795_237_200)  // 05:00

    private static func result(
        _ verdict: DrillVerdict, minutes: Int64, _ backup: String = "b1", reason: String = "x"
    ) -> DrillResult {
        var result = DrillResult()
        result.verdict = verdict
        result.reason = reason
        result.backup = backup
        result.message = "\(backup) \(verdict.rawValue)"
        result.completionTime = start + .seconds(minutes * 60)
        return result
    }

    private static func backup(_ name: String = "b1", minutes: Int64 = 0) -> EtcdBackup {
        var backup = EtcdBackup()
        backup.metadata = ObjectMeta(name: name)
        backup.status.completionTime = start + .seconds(minutes * 60)
        return backup
    }

    private static func plan(
        _ history: [DrillResult], interval: Duration? = .seconds(3600), schedule: String? = nil, suspend: Bool = false
    ) -> DrillPlan {
        var policy = DrillPolicy()
        policy.interval = interval
        policy.schedule = schedule
        policy.suspend = suspend
        var status = ClusterDrillStatus()
        status.history = history
        return DrillPlan(interval == nil && schedule == nil ? nil : policy, status)
    }

    private static func due(_ plan: DrillPlan, _ newest: EtcdBackup? = backup()) -> Int64? {
        plan.due(newest: newest, at: start + .seconds(30 * 60)).map { ($0 - start).components.seconds / 60 }
    }

    @Test("The first drill is due at once, but not before there is a backup, and not where none is wanted")
    func first() {
        #expect(Self.due(Self.plan([])) == 30)
        #expect(Self.due(Self.plan([], interval: nil, schedule: "0 3 * * *")) == 30)
        #expect(Self.due(Self.plan([]), nil) == nil)
        #expect(Self.due(Self.plan([], suspend: true)) == nil)
        #expect(Self.due(Self.plan([], interval: nil)) == nil)
    }

    @Test("After one that passed the policy says when the next is due")
    func regular() {
        #expect(Self.due(Self.plan([Self.result(.passed, minutes: 10)])) == 70)
        #expect(
            Self.due(Self.plan([Self.result(.passed, minutes: 10)], interval: nil, schedule: "30 * * * *")) == 30)
    }

    @Test("After one that failed a newer backup is tried soon, the same one by the policy")
    func afterFailure() {
        let plan = Self.plan([Self.result(.failed, minutes: 10)])
        #expect(Self.due(plan, Self.backup("b1", minutes: 5)) == 70)
        #expect(Self.due(plan, Self.backup("b2", minutes: 20)) == 11)
        #expect(Self.due(plan, Self.backup("b0", minutes: 5)) == 70)
    }

    @Test("One that could not be made is tried again, ever later", arguments: [(1, 5), (2, 10), (3, 20), (9, 60)])
    func afterUnknown(count: Int, minutes: Int64) {
        let history = (0..<count).map { _ in Self.result(.unknown, minutes: 10) } + [Self.result(.passed, minutes: 0)]
        #expect(Self.due(Self.plan(history)) == 10 + minutes)
    }

    private static func said(_ plan: DrillPlan, minutes: Int64) -> String? {
        plan.condition(at: start + .seconds(minutes * 60)).map { "\($0.status.rawValue) \($0.reason)" }
    }

    @Test("Only a drill that passed and is not older than two intervals is green")
    func condition() {
        let passed = [Self.result(.passed, minutes: 0)]
        #expect(Self.said(Self.plan(passed), minutes: 119) == "True DrillPassed")
        #expect(Self.said(Self.plan(passed), minutes: 121) == "Unknown DrillOverdue")
        #expect(
            Self.said(Self.plan(passed, interval: nil, schedule: "0 * * * *"), minutes: 121) == "Unknown DrillOverdue")
        #expect(Self.said(Self.plan(passed, suspend: true), minutes: 121) == "Unknown DrillOverdue")
        #expect(Self.said(Self.plan(passed, interval: nil), minutes: 29 * 1440) == "True DrillPassed")
        #expect(Self.said(Self.plan(passed, interval: nil), minutes: 31 * 1440) == "Unknown DrillOverdue")
        #expect(Self.said(Self.plan([]), minutes: 0) == "Unknown NoneYet")
        #expect(Self.said(Self.plan([], interval: nil), minutes: 0) == nil)
    }

    @Test("A drill that could not be made is unknown, and takes no failure back")
    func unknown() {
        let unable = Self.result(.unknown, minutes: 20, reason: "NoSpace")
        #expect(Self.said(Self.plan([unable]), minutes: 21) == "Unknown NoSpace")
        #expect(Self.said(Self.plan([unable, Self.result(.passed, minutes: 0)]), minutes: 21) == "Unknown NoSpace")
        #expect(Self.said(Self.plan([unable, Self.result(.failed, minutes: 0)]), minutes: 21) == "False DrillFailed")
        // A failure does not grow old.
        #expect(Self.said(Self.plan([Self.result(.failed, minutes: 0)]), minutes: 100_000) == "False DrillFailed")
        let later = [Self.result(.passed, minutes: 30), Self.result(.failed, minutes: 0)]
        #expect(Self.said(Self.plan(later), minutes: 31) == "True DrillPassed")
    }

    @Test("Ten results are kept, and always the last that told something and the last that passed")
    func history() {
        var status = ClusterDrillStatus()
        status.record(Self.result(.passed, minutes: 0))
        status.record(Self.result(.failed, minutes: 1))
        for minute in Int64(2)..<40 { status.record(Self.result(.unknown, minutes: minute)) }
        #expect(status.history.count == 10)
        #expect(status.proof?.verdict == .failed && status.lastSuccess?.verdict == .passed)
        #expect(status.history.first?.completionTime == Self.start + .seconds(39 * 60))
    }

    @Test("Drills of a fleet take turns")
    func turns() {
        let turns = DrillTurns(limit: 1)
        #expect(turns.take("a") && turns.take("a") && !turns.take("b"))
        turns.release("a")
        #expect(turns.take("b") && !turns.take("a"))
        // One that is on record goes on whoever has the turn.
        turns.keep("c")
        turns.release("b")
        #expect(!turns.take("a"))
        turns.release("c")
        #expect(turns.take("a"))
    }
}
