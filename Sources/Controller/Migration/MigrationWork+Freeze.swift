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

    /// Raises our freeze of the source.
    ///
    /// One of before each migration had a tag of its own is ours where our record tells of a freeze without a tag.
    func raiseFreeze(of source: MigrationEnd) async throws {
        let former = migration.status.freezeTag.isEmpty ? SourceFreeze.commonTag : nil
        try await freeze(of: source).activate(insteadOf: former)
    }

    /// Whether the source is frozen by this migration, confirmed by a quorum.
    func lookForFreeze() async throws -> MigrationResult {
        .freeze(isActive: try await freeze(of: try await ends.source()).isActive())
    }

    /// Lifts our freeze of the source, if it is there.
    func thaw() async throws -> MigrationResult {
        guard migration.isSourceFrozen, let record = try await ends.sourceRecord() else { return .thawed }
        // What we run ourselves is stopped with its record.
        guard record.spec.provider != .local || record.metadata.deletionTimestamp == nil else { return .thawed }
        do {
            let source = try await ends.source()
            // A freeze without a tag on record is of before each migration had one; else the common one is not ours.
            if migration.status.freezeTag.isEmpty { try await SourceFreeze(source.endpoints).deactivate() }
            try await freeze(of: source).deactivate()
        } catch let trouble as MigrationTrouble where trouble.reason == "SourceReplaced" {
            // Another cluster answers by now, which we have not frozen.
        }
        return .thawed
    }
}

extension EtcdMigration {
    /// The member ID of the alarm by which this migration freezes its source.
    var freezeTag: UInt64 { RaisedAlarm.freezeTag(of: metadata.uid) }

    /// The same as it is put on record.
    var freezeTagText: String { String(freezeTag, radix: 16) }

    /// Whether the source may be frozen by an alarm of this migration, as far as the record says.
    ///
    /// Where the writers are stopped by others, a freeze on record has no tag, unless one was found.
    var isSourceFrozen: Bool {
        status.freezeTime != nil && (spec.cutover.freeze == .alarm || !status.freezeTag.isEmpty)
    }

    /// Whether the source may be frozen under the tag that all migrations had before each had its own.
    var hasCommonFreeze: Bool { isSourceFrozen && status.freezeTag.isEmpty }

    /// Puts on record that the source is frozen by our alarm, or may be from now on.
    mutating func noteFreeze(at time: Timestamp) {
        status.freezeTime = time
        status.freezeTag = freezeTagText
    }

    /// Puts on record that the source is not frozen by us.
    mutating func noteThaw() {
        status.freezeTime = nil
        status.freezeTag = ""
    }
}
