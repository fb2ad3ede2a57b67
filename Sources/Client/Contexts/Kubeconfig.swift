import Model
import Transport

/// How to reach a controller and prove who we are: one context of what kubeconfigs say.
struct Kubeconfig: Sendable {
    /// The name of the context.
    let context: String
    /// The URL of the server, without the path behind its port.
    let server: String
    /// The path behind the port, which goes in front of every path.
    let prefix: String
    /// What to trust and what to show.
    let tls: TLSOptions?
    /// How we prove who we are.
    let credential: Credential
    /// The namespace of records that name none.
    let namespace: String
    /// The file that has the context, as messages name it.
    let file: String
    /// Whether the server has to say that it is a controller of ours before anything is asked of it.
    let needsProof: Bool
    /// What a person should know before going on.
    let warnings: [String]

    /// Reads a context, the current one if none is named.
    ///
    /// - Throws: `APIError.unreachable` if there is no kubeconfig, `CommandFailure` that names the file and what it
    ///   lacks.
    init(named file: String? = nil, context: String? = nil, in session: Session) throws {
        let set = try KubeconfigSet.find(named: file, context: context, in: session)
        try self.init(set, context: context)
    }

    /// Reads a context of a place.
    init(_ set: KubeconfigSet, context: String? = nil) throws {
        let first = set.files[0]
        guard let name = context ?? set.current?.name else { throw first.failure("has no current-context") }
        guard let entry = set.entry(.contexts, name) else {
            throw (set.current?.file ?? first).failure("has no context \"\(name)\"")
        }
        let clusterName = entry.content["cluster"]?.string ?? ""
        guard let cluster = set.entry(.clusters, clusterName) else {
            throw entry.file.failure("has no cluster \"\(clusterName)\"")
        }
        var user: KubeconfigSet.Entry?
        if let userName = entry.content["user"]?.string, !userName.isEmpty {
            guard let found = set.entry(.users, userName) else {
                throw entry.file.failure("has no user \"\(userName)\"")
            }
            user = found
        }
        guard let url = cluster.content["server"]?.string, !url.isEmpty else {
            throw cluster.file.failure("names no server")
        }
        if let proxy = cluster.content["proxy-url"]?.string, !proxy.isEmpty {
            throw cluster.file.failure("wants a proxy (proxy-url), which lodestone does not use")
        }
        let schemeEnd = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let pathStart = url[schemeEnd...].firstIndex(of: "/") ?? url.endIndex
        server = String(url[..<pathStart])
        let path = url[pathStart...]
        prefix = path.hasSuffix("/") ? String(path.dropLast()) : String(path)
        let namespace = entry.content["namespace"]?.string ?? ""
        self.namespace = namespace.isEmpty ? "default" : namespace
        let skips = cluster.content["insecure-skip-tls-verify"]?.bool ?? false
        tls = server.hasPrefix("https://") ? try Self.tls(cluster, user, skipsVerification: skips) : nil
        var credential = Credential.none
        if let user {
            credential = try Credential(user, isTrusted: set.place.kind != .nearby || user.file.isOurs)
        }
        self.credential = credential.knowing(url, tls)
        self.context = name
        self.file = entry.file.shownAs
        needsProof = set.place.kind == .shared
        warnings =
            skips
            ? ["the certificate of \(server) is not verified (insecure-skip-tls-verify): anybody can pretend to be it"]
            : []
    }

    private static func tls(
        _ cluster: KubeconfigSet.Entry, _ user: KubeconfigSet.Entry?, skipsVerification: Bool
    ) throws -> TLSOptions {
        let serverName = cluster.content["tls-server-name"]?.string ?? ""
        return TLSOptions(
            certificateAuthority: try cluster.file.text("certificate-authority", in: cluster.content),
            clientCertificate: try user.flatMap { try $0.file.text("client-certificate", in: $0.content) },
            clientKey: try user.flatMap { try $0.file.text("client-key", in: $0.content) },
            serverName: serverName.isEmpty ? nil : serverName, skipsVerification: skipsVerification)
    }
}

extension Credential {
    /// The same with what a program wants to know of the server (`provideClusterInfo`).
    fileprivate func knowing(_ url: String, _ tls: TLSOptions?) -> Credential {
        guard case .program(var program) = self, program.wantsCluster else { return self }
        var cluster: Value = ["server": .string(url)]
        if let authority = tls?.certificateAuthority {
            cluster["certificate-authority-data"] = .string(Base64.encode(Array(authority.utf8)))
        }
        if let name = tls?.serverName { cluster["tls-server-name"] = .string(name) }
        if tls?.skipsVerification ?? false { cluster["insecure-skip-tls-verify"] = true }
        program.cluster = cluster
        return .program(program)
    }
}
