import Archive
import Model
import Nodes

/// What may be asked of a cluster.
extension RecordRules {
    static func problems(ofCluster new: EtcdCluster, replacing old: EtcdCluster?) -> [FieldProblem] {
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

    /// What is possible, and seldom what was meant.
    static func warnings(of cluster: EtcdCluster) -> [String] {
        let spec = cluster.spec
        var warnings: [String] = []
        if spec.size == 1 {
            warnings.append("spec.size: one member means that nothing is served while it is away")
        }
        // https://etcd.io/docs/v3.5/op-guide/data_corruption: a crash under load can make members differ.
        if let version = spec.version, ["3.5.0", "3.5.1", "3.5.2"].contains(version) {
            warnings.append("spec.version: members of etcd \(version) may differ after a crash; use 3.5.3 or later")
        }
        if spec.deletionPolicy == .delete {
            warnings.append("spec.deletionPolicy: with the record its data goes for good, without quarantine")
        }
        if spec.tls?.insecureSkipVerify ?? false {
            warnings.append("spec.tls.insecureSkipVerify: anybody between here and the members can read and change all")
        }
        return warnings
    }
}
