import Model

/// What people and programs are told of a migration besides its phase.
enum MigrationConditions {
    /// Sets the conditions from the status.
    static func set(in migration: inout EtcdMigration, at now: Timestamp) {
        let generation = migration.metadata.generation
        for condition in conditions(of: migration) {
            migration.status.conditions.set(condition, at: now, generation: generation)
        }
    }

    /// The conditions that the status amounts to.
    static func conditions(of migration: EtcdMigration) -> [Condition] {
        let status = migration.status
        return [
            ready(migration), synced(migration), proven(status), frozen(migration), MigrationRefill.condition(status),
        ].compactMap { $0 }
    }

    private static func ready(_ migration: EtcdMigration) -> Condition? {
        let status = migration.status
        switch status.phase {
        case .completed: return Condition(.ready, .true, reason: "Completed", message: status.message)
        case .ready where migration.spec.cutover.mode == .never:
            return Condition(.ready, .true, reason: "Standby", message: status.message)
        case .failed, .cancelled, .rolledBack:
            return Condition(.ready, .false, reason: status.phase.rawValue, message: status.message)
        default:
            // A reason that was found keeps standing until the phase moves on.
            guard status.failures == 0 else { return nil }
            return Condition(.ready, .false, reason: status.phase.rawValue, message: status.message)
        }
    }

    private static func synced(_ migration: EtcdMigration) -> Condition {
        let status = migration.status
        guard !status.phase.isOver else {
            return Condition(.synced, .unknown, reason: "NotFollowing", message: "the migration is over")
        }
        guard let lag = status.lagRevisions, status.failures == 0,
            [.replaying, .ready, .cutOver].contains(status.phase)
        else {
            return Condition(.synced, .unknown, reason: "NotFollowing", message: "the destination does not follow yet")
        }
        return lag <= migration.spec.cutover.maxLag
            ? Condition(.synced, .true, reason: "CaughtUp", message: "\(lag) revisions behind")
            : Condition(.synced, .false, reason: "Behind", message: "\(lag) revisions behind")
    }

    private static func proven(_ status: EtcdMigrationStatus) -> Condition {
        guard let proof = status.proof else {
            return Condition(.proven, .unknown, reason: "NotCompared", message: "both ends were not compared yet")
        }
        return switch proof.verdict {
        case .equal: Condition(.proven, .true, reason: "Equal", message: proof.message)
        case .different: Condition(.proven, .false, reason: "Different", message: proof.message)
        case .unknown: Condition(.proven, .unknown, reason: "NotCompared", message: proof.message)
        }
    }

    private static func frozen(_ migration: EtcdMigration) -> Condition {
        migration.isSourceFrozen
            ? Condition(
                .sourceFrozen, .true, reason: "FrozenByMigration",
                message: "the source takes no writes since \(migration.status.freezeTime.map { "\($0)" } ?? "")")
            : Condition(.sourceFrozen, .false, reason: "NotFrozen", message: "the source takes writes")
    }
}

extension Duration {
    /// The same, rounded up to milliseconds: finer is nothing that a person reads.
    var wholeMilliseconds: Duration {
        let (seconds, attoseconds) = components
        return .seconds(seconds) + .milliseconds((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
