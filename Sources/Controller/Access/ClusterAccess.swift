import Etcd
import Model
import Observers
import Store
import Synchronization
import Transport

/// Why a cluster cannot be reached with what its record says; a person must change a record.
struct AccessProblem: Error, Equatable, CustomStringConvertible {
    /// Why, in one word for programs.
    let reason: String
    /// Which field, what is wrong, and the remedy.
    let description: String
}

/// Which clusters use which Secret, as far as anybody asked for the way to them.
final class SecretUsers: Sendable {
    private let users = Mutex<[String: Set<RecordID>]>([:])

    /// Notes that a cluster uses a Secret, whether it is there or not.
    func note(_ cluster: EtcdCluster, uses secret: String) {
        users.withLock { _ = $0["\(cluster.metadata.namespace)/\(secret)", default: []].insert(RecordID(of: cluster)) }
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
        switch cluster.spec.provider {
        case .local:
            return ClusterTarget(
                endpoints: [],
                knownMembers: cluster.status.members.map {
                    ClusterTarget.KnownMember(name: $0.name, endpoint: $0.endpoint)
                }, quota: cluster.spec.storage.quota ?? .gibibytes(2))
        case .imported:
            let map = cluster.spec.endpointMap.map { ($0.advertised, $0.reachable) }
            return ClusterTarget(
                endpoints: cluster.spec.endpoints, endpointMap: Dictionary(map) { first, _ in first },
                tls: try await tls(of: cluster), credentials: try await credentials(of: cluster))
        }
    }

    private func tls(of cluster: EtcdCluster) async throws -> TLSOptions? {
        guard let tls = cluster.spec.tls else { return nil }
        var options = TLSOptions(serverName: tls.serverName, skipsVerification: tls.insecureSkipVerify)
        guard let reference = tls.secretRef else { return options }
        let secret = try await secret(reference, field: "spec.tls.secretRef", of: cluster)
        options.certificateAuthority = secret.text("ca.crt")
        options.clientCertificate = secret.text("tls.crt")
        options.clientKey = secret.text("tls.key")
        guard (options.clientCertificate == nil) == (options.clientKey == nil) else {
            throw AccessProblem(
                reason: "SecretIncomplete",
                description:
                    "spec.tls.secretRef: Secret \"\(reference.name)\" needs both tls.crt and tls.key, or neither")
        }
        guard options.certificateAuthority != nil || options.clientCertificate != nil else {
            throw AccessProblem(
                reason: "SecretIncomplete",
                description:
                    "spec.tls.secretRef: Secret \"\(reference.name)\" has neither ca.crt nor tls.crt and tls.key")
        }
        return options
    }

    private func credentials(of cluster: EtcdCluster) async throws -> EtcdCredentials? {
        guard let auth = cluster.spec.auth else { return nil }
        let secret = try await secret(auth.secretRef, field: "spec.auth.secretRef", of: cluster)
        guard let user = secret.text("username"), let password = secret.text("password") else {
            throw AccessProblem(
                reason: "SecretIncomplete",
                description: "spec.auth.secretRef: Secret \"\(auth.secretRef.name)\" needs username and password")
        }
        return EtcdCredentials(user: user, password: password)
    }

    private func secret(_ reference: LocalReference, field: String, of cluster: EtcdCluster) async throws -> Secret {
        secretUsers.note(cluster, uses: reference.name)
        do {
            return try await store.get(Secret.self, named: reference.name, in: cluster.metadata.namespace)
        } catch StoreError.notFound {
            throw AccessProblem(
                reason: "SecretMissing",
                description: "\(field): there is no Secret \"\(reference.name)\" in namespace "
                    + "\"\(cluster.metadata.namespace)\"; apply one")
        }
    }
}
