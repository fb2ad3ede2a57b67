import Model

/// What may be asked of a secret.
extension RecordRules {
    static func problems(ofSecret new: Secret, replacing old: Secret?) -> [FieldProblem] {
        guard let old else { return [] }
        var problems: [FieldProblem] = []
        if new.type != old.type {
            problems.append(immutable("type"))
        }
        guard old.immutable ?? false else { return problems }
        // As in Kubernetes, there is no way back from this promise but a new record.
        if !(new.immutable ?? false) {
            problems.append(FieldProblem("immutable", .forbidden, "cannot be taken back; make a new record"))
        }
        if new.data != old.data {
            problems.append(FieldProblem("data", .forbidden, "cannot change, because \"immutable\" is set"))
        }
        return problems
    }
}
