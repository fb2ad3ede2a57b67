import Model
import Observers
import Store
import Synchronization

/// Which records use which Secret, as far as anybody asked: those are woken when it comes, changes or goes.
final class SecretUsers: Sendable {
    private let users = Mutex<[String: Set<RecordID>]>([:])

    /// Notes that a record uses a Secret, whether it is there or not.
    func note(_ record: RecordID, uses secret: String) {
        users.withLock { _ = $0["\(record.namespace)/\(secret)", default: []].insert(record) }
    }

    /// Forgets a record that is gone.
    func forget(_ record: RecordID) {
        users.withLock { users in
            for secret in users.keys {
                users[secret]?.remove(record)
                if users[secret]?.isEmpty ?? false { users[secret] = nil }
            }
        }
    }

    /// The records of a kind that use a Secret.
    func records(of kind: Kind, using secret: String, in namespace: String) -> [RecordID] {
        users.withLock { ($0["\(namespace)/\(secret)"] ?? []).filter { $0.kind == kind } }
    }
}

/// Turns what a cluster's record and its Secrets say into a way to its members.
struct ClusterAccess: Sendable {
    let store: RecordStore
    let secretUsers: SecretUsers

    /// The Secrets that a record may use.
    func secrets(of record: some Resource) -> RecordSecrets {
        RecordSecrets(store: store, users: secretUsers, record: RecordID(of: record))
    }

    /// The way to a cluster's members.
    ///
    /// - Throws: `AccessProblem` where a Secret is missing or incomplete, `StoreError` where it cannot be read.
    func target(for cluster: EtcdCluster) async throws -> ClusterTarget {
        var secrets: [String: Secret] = [:]
        for name in ClusterTarget.secretNames(of: cluster) {
            // The target says which field misses one that is not there.
            secrets[name] = try await self.secrets(of: cluster).find(name)
        }
        return try ClusterTarget(of: cluster, secrets: secrets)
    }
}
