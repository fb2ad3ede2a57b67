import Crypto
import Model
import Transport

/// The options by which a command finds the controller.
struct ConnectionOptions: Sendable {
    /// The kubeconfig; looked for where it usually is if not given.
    var kubeconfig: String?
    /// The context of the kubeconfig; its current one if not given.
    var context: String?
    /// The namespace; the kubeconfig's if not given.
    var namespace: String?
    /// How long one request may take.
    var requestTimeout = Duration.seconds(30)

    static let options: [CommandOption<ConnectionOptions>] = [
        CommandOption(
            "kubeconfig", \.kubeconfig, placeholder: "FILE", environment: "LODESTONE_KUBECONFIG",
            "The file that says how to reach the controller"),
        CommandOption(
            "context", \.context, placeholder: "NAME", completing: .contexts,
            "The context of the kubeconfig; its current one if not given"),
        CommandOption(
            "namespace", short: "n", \.namespace, placeholder: "NAME", environment: "LODESTONE_NAMESPACE",
            completing: .namespaces,
            "The namespace; the kubeconfig's if not given, mostly \"default\""),
        CommandOption("request-timeout", \.requestTimeout, "How long one request may take"),
    ]

    /// The context that counts.
    ///
    /// - Throws: `APIError.unreachable` if there is no kubeconfig, `CommandFailure` if it is broken.
    func kubeconfig(in session: Session) throws -> Kubeconfig {
        try Kubeconfig(named: kubeconfig, context: context, in: session)
    }

    /// Finds the controller's kubeconfig and makes a client of it; nothing is connected yet.
    ///
    /// - Throws: `APIError.unreachable` if there is no kubeconfig, `CommandFailure` if it is broken.
    func connect(in session: Session) async throws -> Connection {
        let kubeconfig = try kubeconfig(in: session)
        for warning in kubeconfig.warnings { try session.warnOnce(warning) }
        let credentials = CredentialKeeper(kubeconfig.credential, in: session)
        var tls = kubeconfig.tls
        if case .program = kubeconfig.credential {
            let answer = try await credentials.renew()
            if let certificate = answer.certificate {
                tls?.clientCertificate = certificate
                tls?.clientKey = answer.key
            }
        }
        try kubeconfig.checkCertificate(tls)
        let endpoint: Endpoint
        do throws(EndpointError) {
            endpoint = try Endpoint(url: kubeconfig.server, tls: tls)
        } catch {
            throw CommandFailure("the server in the kubeconfig cannot be used: \(error)", code: .unreachable)
        }
        let client = APIClient(
            http: HTTPClient(engine: HTTPEngine(), endpoint: endpoint), prefix: kubeconfig.prefix,
            credentials: credentials,
            proof: kubeconfig.needsProof ? ServerProof(context: kubeconfig.context, file: kubeconfig.file) : nil,
            timeout: requestTimeout, caller: kubeconfig.described)
        return Connection(client: client, namespace: namespace ?? kubeconfig.namespace)
    }
}

extension Kubeconfig {
    /// The context and its file, as messages name them.
    fileprivate var described: String { "context \"\(context)\" of the kubeconfig \(file)" }

    /// Refuses a client certificate that cannot be used, before a handshake does, whose failures name no file.
    fileprivate func checkCertificate(_ tls: TLSOptions?) throws {
        guard let tls, tls.clientCertificate != nil || tls.clientKey != nil else { return }
        func failure(_ reason: String) -> CommandFailure {
            CommandFailure("the client certificate in \(described) cannot be used: \(reason)", code: .unreachable)
        }
        guard let certificate = tls.clientCertificate else { throw failure("there is a key without a certificate") }
        guard let key = tls.clientKey else { throw failure("there is no key with it (client-key or client-key-data)") }
        let isItsKey: Bool
        do {
            isItsKey = try Certificate(pem: certificate).belongs(toPrivateKeyPEM: key)
        } catch {
            throw failure("\(error)")
        }
        guard isItsKey else { throw failure("the key with it belongs to another certificate") }
    }
}

/// A client together with the namespace in which a command works.
struct Connection: Sendable {
    let client: APIClient
    let namespace: String
}

extension RegisteredKind {
    /// The kind a person names on the command line.
    ///
    /// - Throws: `CommandFailure` that says which kinds there are.
    static func find(_ word: String) throws -> RegisteredKind {
        if let kind = named(word) { return kind }
        let words = all.flatMap { [$0.kind.singular, $0.kind.plural] + $0.kind.shortNames }
        if let known = closestWord(to: word, among: words) {
            throw UsageError("unknown kind \"\(word)\"; did you mean \"\(known)\"?")
        }
        let known = all.map { ([$0.kind.plural] + $0.kind.shortNames).joined(separator: " or ") }
        throw UsageError("unknown kind \"\(word)\"; known are \(known.joined(separator: ", "))")
    }
}
