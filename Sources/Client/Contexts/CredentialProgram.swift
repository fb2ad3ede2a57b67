import Glibc
import Model

/// A program that says by which token or certificate we are known: client-go's exec plugin
/// (`client.authentication.k8s.io`).
struct CredentialProgram: Sendable {
    /// What the program said.
    struct Answer: Sendable, Equatable {
        /// The bearer token.
        var token: String?
        /// The certificate to show, and its key, as PEM.
        var certificate: String?
        var key: String?
        /// From when on it counts no more.
        var expires: Timestamp?
    }

    /// What the program may ask of a person.
    enum Interaction: String {
        case never = "Never"
        case ifAvailable = "IfAvailable"
        case always = "Always"
    }

    /// The versions of the protocol; both have the fields that are used here.
    private static let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
    /// Long enough for somebody to log in.
    static let standardLimit = Duration.seconds(60)

    let file: KubeconfigFile
    let command: String
    let arguments: [String]
    let variables: [(name: String, value: String)]
    let apiVersion: String
    let hint: String
    let interaction: Interaction
    /// Whether the program wants to know the server.
    let wantsCluster: Bool
    /// What it is told of the server.
    var cluster: Value?

    /// Reads a user's `exec` entry.
    init(_ entry: Value, of user: KubeconfigSet.Entry) throws {
        file = user.file
        guard let command = entry["command"]?.string, !command.isEmpty else {
            throw file.failure("has an exec entry without a command for \"\(user.name)\"")
        }
        // As client-go: with a slash it is a path beginning at the file, else a program of the PATH.
        self.command = command.contains("/") ? user.file.resolve(command) : command
        apiVersion = entry["apiVersion"]?.string ?? ""
        guard Self.versions.contains(apiVersion) else {
            throw file.failure(
                "has an exec entry of version \"\(apiVersion)\" for \"\(user.name)\"; it must be \(Self.versions[0])")
        }
        arguments = (entry["args"]?.array ?? []).compactMap(\.string)
        variables = (entry["env"]?.array ?? []).map { ($0["name"]?.string ?? "", $0["value"]?.string ?? "") }
        hint = entry["installHint"]?.string?.trimmed ?? ""
        interaction = Interaction(rawValue: entry["interactiveMode"]?.string ?? "") ?? .ifAvailable
        wantsCluster = entry["provideClusterInfo"]?.bool ?? false
    }

    /// Runs the program and reads what it says.
    ///
    /// - Throws: `CommandFailure` that names the program and what went wrong.
    func run(in session: Session, limit: Duration = Self.standardLimit) async throws -> Answer {
        let mayAsk = interaction != .never && isatty(STDIN_FILENO) == 1
        guard mayAsk || interaction != .always else {
            throw failure("needs a terminal to ask somebody, and standard input is none")
        }
        var environment = session.environment
        for (name, value) in variables { environment[name] = value }
        var request: Value = [
            "apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": ["interactive": .bool(mayAsk)],
        ]
        if let cluster { request["spec"]?["cluster"] = cluster }
        environment["KUBERNETES_EXEC_INFO"] = request.json
        let ended: Subprocess.Ending
        do throws(Subprocess.Failure) {
            ended = try await Subprocess(
                command, arguments, environment: environment, directory: session.workingDirectory
            ).output(input: mayAsk ? .inherited : .nothing, limit: limit)
        } catch {
            throw failure("\(error)\(hint.isEmpty ? "" : "; \(hint)")")
        }
        guard ended.code == 0 else { throw failure("ended with code \(ended.code)") }
        return try read(ended.output)
    }

    private func read(_ output: [UInt8]) throws -> Answer {
        guard let answer = try? Value(json: output), answer["kind"] == "ExecCredential" else {
            throw failure("did not print an ExecCredential as JSON")
        }
        guard answer["apiVersion"]?.string == apiVersion else {
            throw failure("answered in version \"\(answer["apiVersion"]?.string ?? "")\", not \(apiVersion)")
        }
        func text(_ field: String) -> String? {
            let text = answer[path: "status", field]?.string ?? ""
            return text.isEmpty ? nil : text
        }
        var result = Answer()
        result.token = text("token")
        result.certificate = text("clientCertificateData")
        result.key = text("clientKeyData")
        if let moment = text("expirationTimestamp") {
            guard let expires = Timestamp(moment) else {
                throw failure("says its answer expires at \"\(moment)\", which is no time")
            }
            result.expires = expires
        }
        guard result.token != nil || result.certificate != nil else {
            throw failure("gave neither a token nor a certificate")
        }
        guard (result.certificate == nil) == (result.key == nil) else {
            throw failure("gave a certificate without its key, or a key without its certificate")
        }
        return result
    }

    private func failure(_ reason: String) -> CommandFailure {
        CommandFailure("the program \(command) of the kubeconfig \(file.shownAs) \(reason)", code: .unreachable)
    }
}
