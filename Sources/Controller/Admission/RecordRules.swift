public import Model

/// The rules on changing records that follow from the record and its former state alone: what may not change, and what
/// is not built yet and therefore refused in a sentence, never ignored.
public enum RecordRules {
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
        case EtcdMigration.kind: judge(new, old, { problems(ofMigration: $0, replacing: $1) })
        case Secret.kind: judge(new, old, problems(ofSecret:replacing:))
        case Namespace.kind: judge(new, old, problems(ofNamespace:replacing:))
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

    static func immutable(_ field: FieldPath) -> FieldProblem {
        FieldProblem(field, .forbidden, "cannot change; make a new record")
    }
}
