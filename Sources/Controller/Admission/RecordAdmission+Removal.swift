public import Model
import Store

/// What may not be removed by a request: one slip must not cost data.
extension RecordAdmission {
    /// Whether a record may be removed.
    ///
    /// - Parameters:
    ///   - record: the document as it is stored.
    ///   - kind: the kind.
    /// - Returns: Why it may not, in a sentence with the remedy; nil if it may.
    public func objection(toRemoving record: Value, of kind: Kind) async -> String? {
        do throws(StoreError) {
            switch kind {
            case EtcdCluster.kind: return protection(of: record)
            case Secret.kind: return try await needers(ofSecret: record)
            case Namespace.kind: return try await protectedContent(of: record)
            default: return nil
            }
        } catch {
            return "it cannot be checked whether something is lost with it: \(error); try again"
        }
    }

    private func protection(of record: Value) -> String? {
        // What cannot be read as a cluster may be one with data all the same.
        guard let cluster = try? EtcdCluster(document: record) else {
            return "it cannot be read, and may hold data; set spec.deletionProtection to false first"
        }
        guard cluster.isProtectedFromDeletion else { return nil }
        let why = cluster.spec.deletionProtection ?? false ? "it is protected" : "it holds data and is protected"
        return "\(why); set spec.deletionProtection to false first, or use \"lodestone delete --unprotect\""
    }

    /// Without the keys in it the backups made with them are noise.
    private func needers(ofSecret record: Value) async throws(StoreError) -> String? {
        guard let secret = try? Secret(document: record),
            secret.metadata.annotations[Secret.deletionProtection] != "false"
        else { return nil }
        let (name, namespace) = (secret.metadata.name, secret.metadata.namespace)
        var needers: [String] = []
        for cluster in try await store.list(EtcdCluster.self, in: namespace)
        where cluster.spec.backup?.encryption?.secretRef.name == name {
            needers.append("EtcdCluster \"\(cluster.metadata.name)\"")
        }
        for backup in try await store.list(EtcdBackup.self, in: namespace)
        where backup.spec.encryption?.secretRef.name == name {
            needers.append("EtcdBackup \"\(backup.metadata.name)\"")
        }
        guard let first = needers.first else { return nil }
        let others = needers.count == 1 ? "" : " and \(needers.count - 1) more"
        return "the backups of \(first)\(others) cannot be read without its keys; keep a copy, then annotate it with "
            + "\(Secret.deletionProtection)=false first, or use \"lodestone delete --unprotect\""
    }

    private func protectedContent(of record: Value) async throws(StoreError) -> String? {
        let name = record[path: "metadata", "name"]?.string ?? ""
        let protected = try await store.list(RecordQuery(EtcdCluster.kind, namespace: name)).records
            .filter { protection(of: $0.document) != nil }
        guard let first = protected.first else { return nil }
        let others = protected.count == 1 ? "" : " and \(protected.count - 1) more"
        return "EtcdCluster \"\(first.id.name)\"\(others) in it would go too, and may not; delete what is in it first"
    }
}
