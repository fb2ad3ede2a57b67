import Model
import Testing

@testable import Controller

/// What may be changed of a migration, and when.
struct MigrationRulesTests {
    private func document(_ phase: MigrationPhase, frozen: Bool = false, _ change: (inout EtcdMigrationSpec) -> Void)
        -> Value
    {
        var migration = EtcdMigration()
        migration.metadata = ObjectMeta(name: "move", namespace: "default")
        migration.spec.sourceRef = LocalReference(name: "orders")
        migration.spec.destinationRef = LocalReference(name: "events")
        migration.spec.method = .copy
        var selection = MigrationSelection()
        selection.prefix = "/registry/events/"
        migration.spec.selection = [selection]
        migration.spec.cutover.source = .released
        migration.status.phase = phase
        migration.status.freezeTime = frozen ? Timestamp(secondsSinceEpoch: 1) : nil
        migration.applyDefaults()
        change(&migration.spec)
        return migration.document
    }

    private func problems(
        _ phase: MigrationPhase, frozen: Bool = false, from old: (inout EtcdMigrationSpec) -> Void = { _ in },
        _ new: (inout EtcdMigrationSpec) -> Void
    ) -> [String] {
        RecordRules.problems(
            document(phase, frozen: frozen, new), replacing: document(phase, frozen: frozen, old),
            of: EtcdMigration.kind
        ).map(\.path.description)
    }

    @Test("What moves where and how is fixed")
    func fixed() {
        #expect(problems(.ready) { $0.sourceRef.name = "other" } == ["spec.sourceRef"])
        #expect(problems(.ready) { $0.selection[0].prefix = "/registry/pods/" } == ["spec.selection"])
        #expect(problems(.ready) { $0.conflictPolicy = .overwrite } == ["spec.conflictPolicy"])
        #expect(problems(.ready) { $0.cutover.approved = true }.isEmpty)
    }

    @Test("Before the cut-over there is nothing to roll back or to remove, after it nothing to cancel")
    func goals() {
        #expect(problems(.ready) { $0.goal = .rolledBack } == ["spec.goal"])
        #expect(problems(.completed) { $0.goal = .rolledBack }.isEmpty)
        #expect(problems(.completed) { $0.goal = .cancelled } == ["spec.goal"])
        #expect(problems(.ready) { $0.cutover.source = .removed } == ["spec.cutover.source"])
        #expect(problems(.completed) { $0.cutover.source = .removed }.isEmpty)
        // The source would take writes again without its keys.
        #expect(
            problems(.completed, from: { $0.cutover.source = .removed }) {
                $0.cutover.source = .removed
                $0.goal = .rolledBack
            } == ["spec.goal"])
        // A cancellation that came too late leaves the way back open.
        #expect(problems(.completed, from: { $0.goal = .cancelled }) { $0.goal = .rolledBack }.isEmpty)
        #expect(problems(.cancelled, from: { $0.goal = .cancelled }) { $0.goal = .migrated } == ["spec.goal"])
    }

    @Test("How the source is frozen cannot change while it is")
    func freeze() {
        #expect(
            problems(.cutOver, frozen: true) { $0.cutover.freeze = MigrationFreeze.none } == ["spec.cutover.freeze"])
        #expect(problems(.ready) { $0.cutover.freeze = MigrationFreeze.none }.isEmpty)
    }

    @Test(
        "Going back is accepted within its window, which may be made longer in the same change",
        arguments: [
            (60, 24, 24, true), (86_400, 24, 24, true), (86_401, 24, 24, false), (86_401, 24, 25, true),
            (60, 24, 0, false),
            (60, 0, 24, true),
        ] as [(Int64, Int64, Int64, Bool)])
    func wayBack(age: Int64, window: Int64, newWindow: Int64, isAccepted: Bool) throws {
        let now = Timestamp(secondsSinceEpoch: 1_000_000)
        func moved(_ hours: Int64, _ goal: MigrationGoal) throws -> EtcdMigration {
            var migration = try EtcdMigration(document: document(.completed) { $0.cutover.source = .released })
            migration.status.completionTime = now - .seconds(age)
            migration.spec.rollbackWindow = .seconds(hours * 3600)
            migration.spec.goal = goal
            return migration
        }
        let problems = RecordRules.problems(
            ofMigration: try moved(newWindow, .rolledBack), replacing: try moved(window, .migrated), at: now)
        #expect(problems.map(\.path.description) == (isAccepted ? [] : ["spec.goal"]))
        #expect(problems.allSatisfy { $0.message.contains("spec.rollbackWindow") })
    }
}
