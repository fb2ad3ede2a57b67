import Model
import Store
import Testing

@testable import Controller

/// Who keeps a source's record, and whose freeze it is.
struct MigrationHoldTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_000_000)

    private func migration(_ name: String, in parts: ControllerParts, frozen: Bool = false) async throws
        -> EtcdMigration
    {
        var migration = EtcdMigration()
        migration.metadata = ObjectMeta(name: name)
        migration.spec.sourceRef = LocalReference(name: "orders")
        migration.spec.destinationRef = LocalReference(name: "\(name)-copy")
        migration.spec.cutover.freeze = .alarm
        migration.applyDefaults()
        migration = try await parts.store.create(migration)
        guard frozen else { return migration }
        return try await write(migration, in: parts) { $0.noteFreeze(at: Self.now) }
    }

    private func write(
        _ migration: EtcdMigration, in parts: ControllerParts, _ change: (inout EtcdMigration) -> Void
    ) async throws -> EtcdMigration {
        var new = migration
        change(&new)
        return try await parts.store.updateStatus(new)
    }

    private func finalizers(_ parts: ControllerParts) async throws -> [String]? {
        try await parts.store.find(EtcdCluster.self, named: "orders", in: "default")?.metadata.finalizers
    }

    @Test("The end of one migration leaves another's hold on the same source alone, however often it is seen")
    func twoMigrations() async throws {
        try await ControllerParts.run { parts in
            _ = try await parts.importCluster("orders", at: ["http://127.0.0.1:1"])
            let first = try await migration("first", in: parts, frozen: true)
            var second = try await migration("second", in: parts)
            let holding = MigrationJobs(services: parts.services, migration: first)
            #expect(try await holding.holdSource())
            #expect(try await holding.holdSource(), "twice does no harm")
            #expect(try await finalizers(parts) == [first.sourceHold])

            let ending = MigrationJobs(services: parts.services, migration: second)
            #expect(try await ending.holdSource())
            let reconciler = MigrationReconciler(services: parts.services)
            second.status.phase = .cancelled
            for _ in 0..<2 { _ = try await reconciler.rest(&second, ending) }
            #expect(try await finalizers(parts) == [first.sourceHold], "the source could be removed and stay frozen")
            try await holding.releaseSource()
            #expect(try await finalizers(parts) == [])
        }
    }

    @Test("A hold of before each migration had its own goes once no other migration may keep the source frozen")
    func formerHold() async throws {
        try await ControllerParts.run { parts in
            _ = try await parts.importCluster("orders", at: ["http://127.0.0.1:1"]) {
                $0.metadata.finalizers = [MigrationReconciler.finalizer]
            }
            let first = try await migration("first", in: parts, frozen: true)
            let second = try await migration("second", in: parts)
            let ending = MigrationJobs(services: parts.services, migration: second)
            try await ending.releaseSource()
            #expect(try await finalizers(parts) == [MigrationReconciler.finalizer])
            // Its own freeze is over when it calls this, whatever its record still says.
            try await MigrationJobs(services: parts.services, migration: first).releaseSource()
            #expect(try await finalizers(parts) == [])
        }
    }

    @Test("A source that is being deleted takes no new hold; a freeze that comes late is put on record all the same")
    func leavingSource() async throws {
        try await ControllerParts.run { parts in
            let source = try await parts.importCluster("orders", at: ["http://127.0.0.1:1"]) {
                $0.metadata.finalizers = ["lodestone.dev/test"]
            }
            _ = try await parts.store.delete(RecordID(of: source))
            var migration = try await migration("first", in: parts)
            let jobs = MigrationJobs(services: parts.services, migration: migration)
            #expect(try await !jobs.holdSource())
            _ = try await MigrationReconciler(services: parts.services)
                .leftover(.adoptFreeze, &migration, jobs, MigrationFacts(), at: Self.now)
            #expect(migration.status.freezeTime == Self.now)
            #expect(migration.status.freezeTag == String(RaisedAlarm.freezeTag(of: migration.metadata.uid), radix: 16))
            #expect(try await finalizers(parts) == ["lodestone.dev/test"])
        }
    }

    @Test(
        "Whether the source may be frozen by an alarm is told by the record alone, also after a restart",
        arguments: [
            (MigrationFreeze.alarm, false, "", false, false), (.alarm, true, "", true, true),
            (.alarm, true, "6c6f646500000001", true, false), (.none, true, "", false, false),
            (.none, true, "6c6f646500000001", true, false),
        ] as [(MigrationFreeze, Bool, String, Bool, Bool)])
    func record(freeze: MigrationFreeze, isNoted: Bool, tag: String, isFrozen: Bool, isCommon: Bool) {
        var migration = EtcdMigration()
        migration.spec.cutover.freeze = freeze
        migration.status.freezeTime = isNoted ? Self.now : nil
        migration.status.freezeTag = tag
        #expect(migration.isSourceFrozen == isFrozen)
        #expect(migration.hasCommonFreeze == isCommon)
        let condition = MigrationConditions.conditions(of: migration).first { $0.type == .sourceFrozen }
        #expect(condition?.status == (isFrozen ? .true : .false))
    }
}
