import Model
import Testing

@testable import Controller

/// How soon a destination is filled anew, and how that is told.
struct MigrationRefillTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_000_000)

    private func migration(refills: Int64, _ change: (inout EtcdMigrationStatus) -> Void = { _ in }) -> EtcdMigration {
        var migration = EtcdMigration()
        migration.spec.cutover.freeze = .alarm
        migration.status.phase = .seeding
        migration.status.seeding = refills + 1
        migration.status.refills = refills
        migration.status.reseedReason = "the source compacted it"
        change(&migration.status)
        return migration
    }

    @Test(
        "Each filling waits twice as long as the one before, and none for more than half an hour",
        arguments: [
            (1, 0), (2, 10), (3, 20), (4, 40), (8, 640), (9, 1280), (10, 1800), (60, 1800), (.max, 1800),
        ] as [(Int64, Int64)])
    func pause(refill: Int64, seconds: Int64) {
        #expect(MigrationRefill.pause(before: refill) == .seconds(seconds))
    }

    @Test("Nothing begins before its time, and a cancellation need not wait for it")
    func waiting() {
        let early = migration(refills: 4) { $0.nextFillTime = Self.now + .seconds(1) }
        guard case .wait(let why) = MigrationPlan.next(early, MigrationFacts(), at: Self.now) else {
            Issue.record("it did not wait")
            return
        }
        #expect(why.contains("4 times") && why.contains("the source compacted it"), "\(why)")
        let due = migration(refills: 4) { $0.nextFillTime = Self.now }
        #expect(MigrationPlan.next(due, MigrationFacts(), at: Self.now) == .record)
        var cancelled = early
        cancelled.spec.goal = .cancelled
        guard case .end(.cancelled, _) = MigrationPlan.next(cancelled, MigrationFacts(), at: Self.now) else {
            Issue.record("it was not cancelled")
            return
        }
    }

    @Test(
        "From the third filling on it is told as trouble with the last reason, until the migration is over",
        arguments: [
            (0, MigrationPhase.ready, nil, ""), (1, .seeding, .true, "FilledAnew"), (2, .ready, .true, "FilledAnew"),
            (3, .seeding, .false, "FilledAnewRepeatedly"), (9, .ready, .false, "FilledAnewRepeatedly"),
            (9, .completed, .true, "FilledAnew"),
        ] as [(Int64, MigrationPhase, ConditionStatus?, String)])
    func condition(refills: Int64, phase: MigrationPhase, status: ConditionStatus?, reason: String) {
        let condition = MigrationRefill.condition(migration(refills: refills) { $0.phase = phase }.status)
        #expect(condition?.status == status)
        #expect(condition?.reason ?? "" == reason)
        #expect(condition?.message.contains("the source compacted it") ?? true)
    }

    @Test(
        "What was before is history once both ends were equal for an hour on end, and not sooner",
        arguments: [
            (ConditionStatus.true, 3600, true), (.true, 3599, false), (.false, 9000, false), (.unknown, 9000, false),
        ]
            as [(ConditionStatus, Int64, Bool)])
    func history(proven: ConditionStatus, seconds: Int64, isHistory: Bool) {
        let status = migration(refills: 5) {
            $0.conditions.set(
                Condition(.proven, proven, reason: "X", message: ""), at: Self.now - .seconds(seconds), generation: 1)
        }.status
        #expect(MigrationRefill.isHistory(status, at: Self.now) == isHistory)
        #expect(!MigrationRefill.isHistory(migration(refills: 5).status, at: Self.now))
    }
}
