import Model
import Testing

@testable import Archive

struct RetentionPlanTests {
    /// A backup by its name, the second it was finished, and its revision.
    struct Sample: Sendable {
        let name: String
        let finished: Int64
        let revision: Int64

        init(_ name: String, _ finished: Int64, _ revision: Int64) {
            self.name = name
            self.finished = finished
            self.revision = revision
        }

        var manifest: BackupManifest {
            var manifest = BackupManifest()
            manifest.name = name
            manifest.finished = Timestamp(secondsSinceEpoch: finished)
            manifest.content.revision = revision
            return manifest
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let keepLast: Int
        let backups: [Sample]
        let removed: [String]
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing there", keepLast: 3, backups: [], removed: []),
        Case(
            testDescription: "fewer than wanted", keepLast: 3, backups: [.init("a", 1, 1), .init("b", 2, 2)],
            removed: []),
        Case(
            testDescription: "the oldest go first", keepLast: 2,
            backups: [.init("c", 3, 3), .init("a", 1, 1), .init("d", 4, 4), .init("b", 2, 2)], removed: ["a", "b"]),
        Case(
            testDescription: "a policy of zero keeps the newest", keepLast: 0,
            backups: [.init("a", 1, 1), .init("b", 2, 2)], removed: ["a"]),
        Case(
            testDescription: "a negative policy keeps the newest", keepLast: -5,
            backups: [.init("a", 1, 1), .init("b", 2, 2)], removed: ["a"]),
        Case(testDescription: "the only one is never removed", keepLast: 0, backups: [.init("a", 1, 1)], removed: []),
        Case(
            testDescription: "a revision that gains a digit is newer, whatever its name sorts like", keepLast: 1,
            backups: [.init("backup_v999990_x", 1, 999_990), .init("backup_v1000010_x", 2, 1_000_010)],
            removed: ["backup_v999990_x"]),
        Case(
            testDescription: "names that sort backwards change nothing", keepLast: 1,
            backups: [.init("z", 1, 1), .init("a", 2, 2)], removed: ["z"]),
        Case(
            testDescription: "an idle cluster's backups share a revision and still go by age", keepLast: 2,
            backups: [.init("a", 1, 7), .init("b", 2, 7), .init("c", 3, 7), .init("d", 4, 7)], removed: ["a", "b"]),
        Case(
            testDescription: "at one time the higher revision is newer", keepLast: 1,
            backups: [.init("b", 5, 8), .init("a", 5, 9)], removed: ["b"]),
        Case(
            testDescription: "after a clock was set back the highest revision stays too", keepLast: 1,
            backups: [.init("a", 100, 50), .init("b", 10, 60), .init("c", 20, 55)], removed: ["c"]),
        Case(
            testDescription: "a backup of a lagging member does not push out the fuller one", keepLast: 2,
            backups: [.init("full", 1, 90), .init("lag1", 2, 80), .init("lag2", 3, 81)], removed: []),
    ]

    @Test("What goes is decided by time and revision as numbers", arguments: cases)
    func plan(_ sample: Case) {
        for backups in [sample.backups, sample.backups.reversed()] {
            let plan = RetentionPlan(of: backups.map(\.manifest), policy: RetentionPolicy(keepLast: sample.keepLast))
            #expect(plan.removed.map(\.name) == sample.removed)
            #expect(plan.kept.count + plan.removed.count == backups.count)
            #expect(plan.kept.map { $0.backup.finished } == plan.kept.map { $0.backup.finished }.sorted(by: >))
            if !backups.isEmpty { #expect(plan.kept.first?.reasons.first == .newest) }
        }
    }

    @Test("The newest backup that is not in doubt stays, however many come after it")
    func doubt() {
        var backups = (1...6).map { Sample("b\($0)", Int64($0), Int64($0)).manifest }
        for index in 2...5 { backups[index].doubt = "taken from m1 while the members held different data" }
        let plan = RetentionPlan(of: backups, policy: RetentionPolicy(keepLast: 2))
        #expect(plan.kept.map(\.backup.name) == ["b6", "b5", "b2"])
        #expect(plan.kept.last?.reasons == [.newestUndoubted])
    }

    @Test("Whatever the policy and the backups, the newest and the highest revision stay")
    func property() {
        for _ in 0..<500 {
            let backups = (0..<Int.random(in: 1...12)).map { number in
                Sample("b\(number)", .random(in: 0...6), .random(in: 1...6)).manifest
            }
            let keepLast = Int.random(in: -1...14)
            let plan = RetentionPlan(of: backups, policy: RetentionPolicy(keepLast: keepLast))
            let kept = plan.kept.map(\.backup)
            #expect(kept.map(\.finished).max() == backups.map(\.finished).max())
            #expect(kept.map(\.content.revision).max() == backups.map(\.content.revision).max())
            #expect(kept.count >= min(backups.count, max(1, keepLast)))
            #expect(kept.count <= max(1, keepLast) + 1)
        }
    }

    /// Backups once an hour for so many hours up to Sunday, 2026-03-01T12:30:00Z, named by their distance from it.
    static func hourly(_ count: Int, every hours: Int = 1) -> [BackupManifest] {
        let end: Int64 = 1_772_368_200
        return stride(from: 0, to: count, by: hours).map { hoursAgo in
            Sample("\(hoursAgo)", end - Int64(hoursAgo) * 3600, Int64(100_000 - hoursAgo)).manifest
        }
    }

    @Test(
        "Of each of the last hours, days, weeks, months and years the last backup stays",
        arguments: [
            ([RetentionPeriod.hour: 3], ["0", "1", "2"]),
            // Midnights lie 13, 37 and 61 hours back.
            ([.day: 3], ["0", "13", "37"]),
            // The week began on Monday, six and a half days ago.
            ([.week: 3], ["0", "157", "325"]),
            // February ended 13 hours ago and began 28 days before that.
            ([.month: 3], ["0", "13", "685"]),
            ([.year: 3], ["0", "1429", "10189"]),
            ([.hour: 2, .day: 2, .week: 2, .month: 2, .year: 2], ["0", "1", "13", "157", "1429"]),
        ] as [([RetentionPeriod: Int], [String])])
    func calendar(periods: [RetentionPeriod: Int], kept: [String]) {
        let policy = RetentionPolicy(keepLast: 1, periods: periods)
        let plan = RetentionPlan(of: Self.hourly(24 * 800).shuffled(), policy: policy)
        #expect(plan.kept.map(\.backup.name) == kept)
    }

    @Test("Hours without a backup use up nothing of what is to be kept")
    func gaps() {
        let backups = Self.hourly(24 * 20, every: 48)
        let plan = RetentionPlan(of: backups, policy: RetentionPolicy(keepLast: 1, periods: [.hour: 4]))
        #expect(plan.kept.map(\.backup.name) == ["0", "48", "96", "144"])
    }

    @Test("All reasons to stay are told")
    func reasons() {
        let policy = RetentionPolicy(keepLast: 2, periods: [.hour: 1, .day: 2])
        let plan = RetentionPlan(of: Self.hourly(40), policy: policy)
        #expect(
            plan.kept.map(\.reasons) == [[.newest, .keepLast, .last(.hour), .last(.day)], [.keepLast], [.last(.day)]])
    }
}
