import Model
import Store

/// Records that must be there before another one can speak of them.
///
/// Asked of new records only: what exists stays changeable when the record it speaks of has gone.
extension RecordAdmission {
    func missingReferences(of new: Value, _ kind: Kind) async throws(StoreError) -> [FieldProblem] {
        let namespace = new[path: "metadata", "namespace"]?.string ?? ""
        var problems: [FieldProblem] = []
        for (field, kind) in Self.references(in: new, kind) {
            let name = field.split(separator: ".").reduce(new as Value?) { $0?[String($1)] }?["name"]?.string ?? ""
            guard !name.isEmpty else { continue }
            do throws(StoreError) {
                _ = try await store.get(RecordID(kind, namespace: namespace, name: name))
            } catch {
                guard case .notFound = error else { throw error }
                problems.append(
                    FieldProblem(
                        FieldPath(stringLiteral: field).appending("name"), .missing,
                        "there is no \(kind.name) \"\(name)\" in namespace \"\(namespace)\"; make it first"))
            }
        }
        return problems
    }

    private static func references(in new: Value, _ kind: Kind) -> [(field: String, kind: Kind)] {
        switch kind {
        case EtcdInspection.kind, EtcdBackup.kind: return [("spec.clusterRef", EtcdCluster.kind)]
        case EtcdCluster.kind:
            return [("spec.restore.backupRef", EtcdBackup.kind), ("spec.restore.migrationRef", EtcdMigration.kind)]
        case EtcdMigration.kind:
            let method = new[path: "spec", "method"]?.string.flatMap(MigrationMethod.init(rawValue:)) ?? .exact
            let source = [("spec.sourceRef", EtcdCluster.kind)]
            // The others make their destination themselves.
            return method.restoresDestination ? source : source + [("spec.destinationRef", EtcdCluster.kind)]
        default: return []
        }
    }
}
