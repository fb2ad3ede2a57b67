import Model

/// What may be asked of a migration.
extension RecordRules {
    private static var removal: FieldProblem {
        FieldProblem(
            "spec.cutover.source", .forbidden,
            "can be Removed only once the migration is completed and its clients use the destination")
    }

    /// Whoever goes back loses what was written to the destination since: after its window that is too much for a slip.
    private static func lateReturn(_ new: EtcdMigration, _ old: EtcdMigration, at now: Timestamp) -> FieldProblem? {
        // The window may be made longer in the same change; the status is what is on record, and not the caller's.
        var wanted = old
        wanted.spec.rollbackWindow = new.spec.rollbackWindow
        guard let end = wanted.wayBackEnds, now > end else { return nil }
        return FieldProblem(
            "spec.goal", .forbidden,
            "cannot be RolledBack since \(end): what was written to the destination since the cut-over would be lost; make "
                + "spec.rollbackWindow longer (it is \(new.spec.rollbackWindow.goText)) if that is what you want")
    }

    static func problems(
        ofMigration new: EtcdMigration, replacing old: EtcdMigration?, at now: Timestamp = .now
    ) -> [FieldProblem] {
        guard let old else {
            var problems: [FieldProblem] = []
            if new.spec.goal != .migrated {
                problems.append(FieldProblem("spec.goal", .invalid, "must be Migrated in a new record"))
            }
            if new.spec.cutover.source == .removed { problems.append(removal) }
            return problems
        }
        var problems: [FieldProblem] = []
        let fixed: [(FieldPath, Bool)] = [
            ("spec.sourceRef", new.spec.sourceRef != old.spec.sourceRef),
            ("spec.destinationRef", new.spec.destinationRef != old.spec.destinationRef),
            (
                "spec.destination",
                // Until something is made of it, it may be mended.
                new.spec.destination != old.spec.destination && old.status.phase != .preflight
            ),
            ("spec.method", new.spec.method != old.spec.method),
            ("spec.selection", new.spec.selection != old.spec.selection),
            ("spec.hiddenPaths", new.spec.hiddenPaths != old.spec.hiddenPaths),
            ("spec.conflictPolicy", new.spec.conflictPolicy != old.spec.conflictPolicy),
            ("spec.padRevisions", new.spec.padRevisions != old.spec.padRevisions),
        ]
        problems += fixed.filter(\.1).map { immutable($0.0) }
        if new.spec.cutover.source == .removed, old.status.phase != .completed { problems.append(removal) }
        if new.spec.cutover.freeze != old.spec.cutover.freeze, old.status.freezeTime != nil {
            problems.append(
                FieldProblem("spec.cutover.freeze", .forbidden, "cannot change while the source may be frozen by it"))
        }
        if new.spec.goal == .rolledBack, old.spec.goal != .rolledBack,
            [old.spec.cutover.source, new.spec.cutover.source].contains(.removed)
        {
            problems.append(
                FieldProblem(
                    "spec.goal", .forbidden, "cannot be RolledBack once what was moved is being removed from the source"
                ))
        }
        if new.spec.goal == .rolledBack, old.spec.goal != .rolledBack, let problem = lateReturn(new, old, at: now) {
            problems.append(problem)
        }
        // A cancellation that came too late may be followed by the way back.
        let isLate = old.spec.goal == .cancelled && new.spec.goal == .rolledBack && old.status.phase == .completed
        if old.spec.goal == .cancelled || old.spec.goal == .rolledBack, new.spec.goal != old.spec.goal, !isLate {
            problems.append(
                FieldProblem(
                    "spec.goal", .forbidden,
                    "cannot change any more: \(old.spec.goal.rawValue) is an end; make a new record"))
        }
        switch (new.spec.goal, old.status.phase) {
        case (.rolledBack, .completed), (.rolledBack, .rolledBack): break
        case (.rolledBack, _):
            problems.append(
                FieldProblem("spec.goal", .forbidden, "cannot be RolledBack before the cut-over; set Cancelled"))
        case (.cancelled, .completed) where old.spec.goal != .cancelled:
            problems.append(
                FieldProblem("spec.goal", .forbidden, "cannot be Cancelled after the cut-over; set RolledBack"))
        default: break
        }
        return problems
    }
}
