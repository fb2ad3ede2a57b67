import Etcd
public import Model
import Transport

extension ClusterTarget {
    /// The names of the Secrets a cluster's record points at.
    public static func secretNames(of cluster: EtcdCluster) -> [String] {
        [cluster.spec.tls?.secretRef, cluster.spec.auth?.secretRef].compactMap { $0?.name }
    }

    /// The way to a cluster's members by its record and the Secrets it points at.
    ///
    /// - Parameters:
    ///   - cluster: the record.
    ///   - secrets: those of its Secrets that there are, by name.
    /// - Throws: `AccessProblem` where a Secret is missing or incomplete.
    public init(of cluster: EtcdCluster, secrets: [String: Secret]) throws(AccessProblem) {
        switch cluster.spec.provider {
        case .local:
            self.init(
                endpoints: [], credentials: try Self.credentials(of: cluster, secrets),
                knownMembers: cluster.status.members.map { KnownMember(name: $0.name, endpoint: $0.endpoint) },
                quota: cluster.spec.storage.quota ?? .gibibytes(2))
        case .imported:
            let map = cluster.spec.endpointMap.map { ($0.advertised, $0.reachable) }
            self.init(
                endpoints: cluster.spec.endpoints, endpointMap: Dictionary(map) { first, _ in first },
                tls: try Self.tls(of: cluster, secrets), credentials: try Self.credentials(of: cluster, secrets))
        }
        let accepted = cluster.metadata.annotations[EtcdCluster.acceptedClusterID]
        expectedClusterID = UInt64(accepted ?? cluster.status.clusterID, radix: 16)
    }

    private static func tls(of cluster: EtcdCluster, _ secrets: [String: Secret]) throws(AccessProblem) -> TLSOptions? {
        guard let tls = cluster.spec.tls else { return nil }
        var options = TLSOptions(serverName: tls.serverName, skipsVerification: tls.insecureSkipVerify)
        guard let reference = tls.secretRef else { return options }
        let secret = try find(reference, field: "spec.tls.secretRef", of: cluster, secrets)
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

    private static func credentials(
        of cluster: EtcdCluster, _ secrets: [String: Secret]
    ) throws(AccessProblem) -> EtcdCredentials? {
        guard let auth = cluster.spec.auth else { return nil }
        let secret = try find(auth.secretRef, field: "spec.auth.secretRef", of: cluster, secrets)
        guard let user = secret.text("username"), let password = secret.text("password") else {
            throw AccessProblem(
                reason: "SecretIncomplete",
                description: "spec.auth.secretRef: Secret \"\(auth.secretRef.name)\" needs username and password")
        }
        return EtcdCredentials(user: user, password: password)
    }

    private static func find(
        _ reference: LocalReference, field: String, of cluster: EtcdCluster, _ secrets: [String: Secret]
    ) throws(AccessProblem) -> Secret {
        if let secret = secrets[reference.name] { return secret }
        throw AccessProblem(
            reason: "SecretMissing",
            description: "\(field): there is no Secret \"\(reference.name)\" in namespace "
                + "\"\(cluster.metadata.namespace)\"; apply one")
    }
}
