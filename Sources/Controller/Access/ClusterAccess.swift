import Model
import Observers
import Store
import Synchronization

/// Which clusters use which Secret, as far as anybody asked for the way to them.
final class SecretUsers: Sendable {
    private let users = Mutex<[String: Set<RecordID>]>([:])

    /// Notes that a cluster uses a Secret, whether it is there or not.
    func note(_ cluster: EtcdCluster, uses secret: String) {
        users.withLock { _ = $0["\(cluster.metadata.namespace)/\(secret)", default: []].insert(RecordID(of: cluster)) }
    }

    /// Forgets a cluster that is gone.
    func forget(_ cluster: RecordID) {
        users.withLock { users in
            for secret in users.keys {
                users[secret]?.remove(cluster)
                if users[secret]?.isEmpty ?? false { users[secret] = nil }
            }
        }
    }

    /// The clusters that use a Secret.
    func clusters(using secret: String, in namespace: String) -> [RecordID] {
        users.withLock { Array($0["\(namespace)/\(secret)"] ?? []) }
    }
}

/// Turns what a cluster's record and its Secrets say into a way to its members.
struct ClusterAccess: Sendable {
    let store: RecordStore
    let secretUsers: SecretUsers

    /// The way to a cluster's members.
    ///
    /// - Throws: `AccessProblem` where a Secret is missing or incomplete, `StoreError` where it cannot be read.
    func target(for cluster: EtcdCluster) async throws -> ClusterTarget {
        var secrets: [String: Secret] = [:]
        for name in ClusterTarget.secretNames(of: cluster) {
            secretUsers.note(cluster, uses: name)
            do {
                secrets[name] = try await store.get(Secret.self, named: name, in: cluster.metadata.namespace)
            } catch StoreError.notFound {
                // The target says which field misses it.
                continue
            }
        }
        return try ClusterTarget(of: cluster, secrets: secrets)
    }
}
