import Archive
public import Model
import Nodes

/// The rules on changing records that go beyond what a record says of itself: what may not change, and what is not
/// built yet and therefore refused in a sentence, never ignored.
public enum RecordAdmission {
    /// What is wrong with writing a record.
    ///
    /// - Parameters:
    ///   - new: the document as it would be stored, valid for its kind.
    ///   - old: the document as it is stored; nil for a new record.
    ///   - kind: the kind.
    /// - Returns: the problems, none if the record may be written.
    public static func problems(_ new: Value, replacing old: Value?, of kind: Kind) -> [FieldProblem] {
        switch kind {
        case EtcdCluster.kind: judge(new, old, problems(ofCluster:replacing:))
        case EtcdInspection.kind: judge(new, old, problems(ofInspection:replacing:))
        case EtcdBackup.kind: judge(new, old, problems(ofBackup:replacing:))
        case EtcdMigration.kind: judge(new, old, problems(ofMigration:replacing:))
        default: []
        }
    }

    private static func judge<Record: Resource>(
        _ new: Value, _ old: Value?, _ rule: (Record, Record?) -> [FieldProblem]
    ) -> [FieldProblem] {
        // A document that is no valid record was refused before it came here.
        guard let record = try? Record(document: new) else { return [] }
        return rule(record, old.flatMap { try? Record(document: $0) })
    }

    private static func problems(ofCluster new: EtcdCluster, replacing old: EtcdCluster?) -> [FieldProblem] {
        var problems = new.spec.args.keys.sorted().compactMap { flag in
            MemberSpec.reservation(of: flag).map { reason in
                FieldProblem(FieldPath("spec.args").appending(flag), .forbidden, "cannot be set, because \(reason)")
            }
        }
        let lines: [(FieldPath, String?)] = [
            ("spec.backup.schedule", new.spec.backup?.schedule),
            ("spec.backup.drill.schedule", new.spec.backup?.drill?.schedule),
        ]
        for case (let field, let line?) in lines {
            do throws(ScheduleError) {
                _ = try CronLine(line)
            } catch {
                problems.append(FieldProblem(field, .invalid, error.description))
            }
        }
        if let path = new.spec.backup?.storage.path, !path.hasPrefix("/") {
            problems.append(FieldProblem("spec.backup.storage.path", .invalid, "\"\(path)\" must be an absolute path"))
        }
        if let path = new.spec.restore?.storage?.path, !path.hasPrefix("/") {
            problems.append(FieldProblem("spec.restore.storage.path", .invalid, "\"\(path)\" must be an absolute path"))
        }
        guard let old else { return problems }
        if new.spec.restore != old.spec.restore {
            problems.append(
                FieldProblem(
                    "spec.restore", .forbidden, "cannot change: a cluster begins once; restore into a new record"))
        }
        if new.spec.provider != old.spec.provider {
            problems.append(
                FieldProblem(
                    "spec.provider", .forbidden,
                    "cannot change from \(old.spec.provider.rawValue) to \(new.spec.provider.rawValue); make a new record"
                ))
            return problems
        }
        guard new.spec.provider == .local else { return problems }
        func refuse(_ field: FieldPath, _ isChanged: Bool, _ what: String) {
            guard isChanged else { return }
            problems.append(
                FieldProblem(
                    field, .forbidden,
                    "\(what) of a cluster that exists is not built yet; set it back, or make a new cluster and move to it"
                ))
        }
        refuse("spec.size", new.spec.size != old.spec.size, "changing the size")
        refuse("spec.version", new.spec.version != old.spec.version, "changing the version")
        refuse("spec.args", new.spec.args != old.spec.args, "changing the flags")
        refuse("spec.storage.quota", new.spec.storage.quota != old.spec.storage.quota, "changing the quota")
        return problems
    }

    private static func problems(ofInspection new: EtcdInspection, replacing old: EtcdInspection?) -> [FieldProblem] {
        guard let old else { return [] }
        var problems = managedProblems(new, old)
        if new.spec.clusterRef != old.spec.clusterRef {
            problems.append(immutable("spec.clusterRef"))
        }
        if new.spec.type != old.spec.type {
            problems.append(immutable("spec.type"))
        }
        return problems
    }

    /// Changes of an inspection that its cluster makes from its own spec, and would take back at its next pass.
    private static func managedProblems(_ new: EtcdInspection, _ old: EtcdInspection) -> [FieldProblem] {
        let cluster = old.spec.clusterRef.name
        func isManaged(_ inspection: EtcdInspection) -> Bool {
            inspection.metadata.name == ClusterReconciler.inspectionName(old.spec.type, ofClusterNamed: cluster)
                && inspection.metadata.ownerReferences.contains {
                    $0.kind == EtcdCluster.kind.name && $0.name == cluster
                }
        }
        guard isManaged(old) else { return [] }
        let field = "spec.inspections.\(old.spec.type.rawValue.lowercased())"
        var problems: [FieldProblem] = []
        func refuse(_ path: FieldPath, _ isChanged: Bool, _ remedy: String) {
            guard isChanged else { return }
            problems.append(
                FieldProblem(path, .forbidden, "is set by EtcdCluster \"\(cluster)\", which owns it; \(remedy)"))
        }
        refuse("spec.interval", new.spec.interval != old.spec.interval, "change its \(field).interval")
        refuse("spec.timeout", new.spec.timeout != old.spec.timeout, "change its \(field).timeout")
        refuse("spec.thresholds", new.spec.thresholds != old.spec.thresholds, "change its \(field).thresholds")
        refuse("spec.suspend", new.spec.suspend != old.spec.suspend, "to end it, set its \(field).enabled to false")
        refuse(
            "metadata.ownerReferences", !isManaged(new),
            "to have one of your own, set its \(field).enabled to false and make one of another name")
        return problems
    }

    private static func problems(ofBackup new: EtcdBackup, replacing old: EtcdBackup?) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if let path = new.spec.storage?.path, !path.hasPrefix("/") {
            problems.append(FieldProblem("spec.storage.path", .invalid, "\"\(path)\" must be an absolute path"))
        }
        guard let old else { return problems }
        if new.spec.clusterRef != old.spec.clusterRef {
            problems.append(immutable("spec.clusterRef"))
        }
        if new.spec.storage != old.spec.storage {
            problems.append(immutable("spec.storage"))
        }
        if new.spec.compression != old.spec.compression {
            problems.append(immutable("spec.compression"))
        }
        if new.spec.encryption != old.spec.encryption {
            problems.append(immutable("spec.encryption"))
        }
        return problems
    }

    private static var removal: FieldProblem {
        FieldProblem(
            "spec.cutover.source", .forbidden,
            "can be Removed only once the migration is completed and its clients use the destination")
    }

    private static func problems(ofMigration new: EtcdMigration, replacing old: EtcdMigration?) -> [FieldProblem] {
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

    private static func immutable(_ field: FieldPath) -> FieldProblem {
        FieldProblem(field, .forbidden, "cannot change; make a new record")
    }
}
