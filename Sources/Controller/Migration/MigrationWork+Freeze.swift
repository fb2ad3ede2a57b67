import Model
import Replication
import Store

/// The freeze of the source: whose it is, whether it may be made, and how it is lifted.
extension MigrationWork {
    /// The freeze of this migration.
    func freeze(of source: MigrationEnd) -> SourceFreeze {
        SourceFreeze(source.endpoints, tag: migration.freezeTag)
    }

    /// The cut-over is still on record at the last moment before the source is frozen.
    ///
    /// A controller that was held up may have been followed by another, which has put the cut-over back since.
    func requireCutOver() async throws {
        let record = try await services.store.find(
            EtcdMigration.self, named: migration.metadata.name, in: migration.metadata.namespace)
        guard let record, record.metadata.uid == migration.metadata.uid, record.metadata.deletionTimestamp == nil,
            record.status.phase == .cutOver, record.status.freezeTime != nil,
            record.status.cutoverFailures == migration.status.cutoverFailures
        else {
            throw MigrationTrouble(
                "CutOverEnded", "the cut-over is not on record any more; the source was not frozen", .again)
        }
    }

    /// Whether the source is frozen by this migration, confirmed by a quorum.
    func lookForFreeze() async throws -> MigrationResult {
        .freeze(isActive: try await freeze(of: try await ends.source()).isActive())
    }

    /// Lifts our freeze of the source, if it is there.
    func thaw() async throws -> MigrationResult {
        let isSeen = services.migrationBoard.seesFreeze(migration.freezeTag)
        guard migration.spec.cutover.freeze == .alarm || isSeen, let record = try await ends.sourceRecord() else {
            return .thawed
        }
        // What we run ourselves is stopped with its record.
        guard record.spec.provider != .local || record.metadata.deletionTimestamp == nil else { return .thawed }
        do {
            let source = try await ends.source()
            let freeze = freeze(of: source)
            // One of before each migration had a tag of its own.
            if try await !freeze.isActive() { try await SourceFreeze(source.endpoints).deactivate() }
            try await freeze.deactivate()
        } catch let trouble as MigrationTrouble where trouble.reason == "SourceReplaced" {
            // Another cluster answers by now, which we have not frozen.
        }
        return .thawed
    }
}

extension EtcdMigration {
    /// The member ID of the alarm by which this migration freezes its source.
    var freezeTag: UInt64 { RaisedAlarm.freezeTag(of: metadata.uid) }
}
