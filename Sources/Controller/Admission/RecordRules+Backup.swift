import Model

/// What may be asked of a backup.
extension RecordRules {
    static func problems(ofBackup new: EtcdBackup, replacing old: EtcdBackup?) -> [FieldProblem] {
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
}
