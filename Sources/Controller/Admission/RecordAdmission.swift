public import Model
public import Store

/// What the API asks before it writes or removes a record: the rules of the record itself (``RecordRules``), and those
/// that need to know what else there is.
///
/// Only requests of people are asked for; the controller's own writes follow its plans.
public struct RecordAdmission: Sendable {
    let store: RecordStore

    /// The rules on the records of a store.
    public init(store: RecordStore) {
        self.store = store
    }

    /// What is wrong with writing a record.
    ///
    /// - Parameters:
    ///   - new: the document as it would be stored, valid for its kind.
    ///   - old: the document as it is stored; nil for a new record.
    ///   - kind: the kind.
    /// - Returns: the problems, none if the record may be written.
    public func problems(_ new: Value, replacing old: Value?, of kind: Kind) async -> [FieldProblem] {
        var problems = RecordRules.problems(new, replacing: old, of: kind)
        do throws(StoreError) {
            if old == nil { problems += try await missingReferences(of: new, kind) }
        } catch {
            // What cannot be checked is not let through.
            problems.append(FieldProblem("metadata", .forbidden, "cannot be checked: \(error); try again"))
        }
        return problems
    }

    /// What a person should know who writes a record, though it may be written.
    ///
    /// - Parameters:
    ///   - new: the document as it would be stored, valid for its kind.
    ///   - kind: the kind.
    /// - Returns: the sentences, for `Warning` headers.
    public func warnings(_ new: Value, of kind: Kind) async -> [String] {
        guard kind == EtcdCluster.kind, let cluster = try? EtcdCluster(document: new) else { return [] }
        var warnings: [String] = []
        for (field, name) in Self.secrets(of: cluster) {
            // A store that does not answer now is told of by the write that follows.
            let secret = try? await store.find(Secret.self, named: name, in: cluster.metadata.namespace)
            guard secret == .some(nil) else { continue }
            warnings.append("\(field): there is no Secret \"\(name)\" yet; what needs it waits for it")
        }
        return warnings + RecordRules.warnings(of: cluster)
    }

    /// The Secrets a cluster needs, by field.
    static func secrets(of cluster: EtcdCluster) -> [(field: String, name: String)] {
        let spec = cluster.spec
        let all: [(String, LocalReference?)] = [
            ("spec.tls.secretRef", spec.tls?.secretRef), ("spec.auth.secretRef", spec.auth?.secretRef),
            ("spec.backup.encryption.secretRef", spec.backup?.encryption?.secretRef),
            ("spec.backup.storage.s3.credentialsSecretRef", spec.backup?.storage.s3?.credentialsSecretRef),
            ("spec.backup.storage.s3.caSecretRef", spec.backup?.storage.s3?.caSecretRef),
            ("spec.restore.encryption.secretRef", spec.restore?.encryption?.secretRef),
        ]
        return all.compactMap { field, reference in reference.map { (field, $0.name) } }
    }
}
