import Model

/// What may be asked of an inspection.
extension RecordRules {
    static func problems(ofInspection new: EtcdInspection, replacing old: EtcdInspection?) -> [FieldProblem] {
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
}
