import Manifests
import Model
import Transport

/// How to reach a controller and prove who we are, read from a file that kubectl reads too.
struct Kubeconfig: Sendable {
    /// The URL of the server, without the path behind its port.
    let server: String
    /// The path behind the port, which goes in front of every path.
    let prefix: String
    /// What to trust and what to show.
    let tls: TLSOptions?
    /// The `Authorization` header.
    let authorization: String?
    /// The namespace of records that name none.
    let namespace: String

    /// Reads a kubeconfig: the current context, with certificates and tokens inside it or in files beside it.
    ///
    /// - Throws: `CommandFailure` that names the file and what it lacks.
    init(path: String, session: Session) throws {
        let file = File(path: session.path(path), shownAs: path)
        let root = try file.read()
        guard let current = root["current-context"]?.string, !current.isEmpty else {
            throw file.failure("has no current-context")
        }
        let context = try file.entry("context", named: current, in: root)
        let cluster = try file.entry("cluster", named: context["cluster"]?.string ?? "", in: root)
        let user = try context["user"]?.string.map { try file.entry("user", named: $0, in: root) } ?? [:]
        guard let url = cluster["server"]?.string else { throw file.failure("names no server") }
        let schemeEnd = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let pathStart = url[schemeEnd...].firstIndex(of: "/") ?? url.endIndex
        server = String(url[..<pathStart])
        let path = url[pathStart...]
        prefix = path.hasSuffix("/") ? String(path.dropLast()) : String(path)
        namespace = context["namespace"]?.string ?? "default"
        tls = server.hasPrefix("https://") ? try file.tls(cluster: cluster, user: user) : nil
        authorization = try file.authorization(user)
    }

    /// The files that are looked for, in this order, when none is named.
    static func candidates(in session: Session) -> [String] {
        var candidates: [String] = []
        var directory = session.workingDirectory
        while !directory.isEmpty {
            candidates.append("\(directory == "/" ? "" : directory)/.lodestone/kubeconfig")
            if directory == "/" { break }
            let parent = directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)]
            directory = parent.isEmpty ? "/" : String(parent)
        }
        return candidates + ["/var/lib/lodestone/kubeconfig"]
    }
}

/// A kubeconfig as a file: reads entries and what they point at, and names itself in every complaint.
private struct File {
    let path: String
    let shownAs: String

    func failure(_ reason: String) -> CommandFailure {
        CommandFailure("the kubeconfig \(shownAs) \(reason)", code: .unreachable)
    }

    func read() throws -> Value {
        do {
            let bytes = try InputFile.read(path, limit: 1 << 20)
            guard let root = try YAML.documents(bytes).first else { throw failure("is empty") }
            guard root.members != nil else { throw failure("is no kubeconfig: it holds no fields") }
            return root
        } catch let error as FileError {
            throw failure("cannot be read: \(error.reason)")
        } catch let error as YAMLError {
            throw failure("is broken: \(error)")
        }
    }

    /// The entry of a list such as `clusters`, whose elements hold a `name` and, under the singular, the entry.
    func entry(_ singular: String, named name: String, in root: Value) throws -> Value {
        let entries = root["\(singular)s"]?.array ?? []
        guard let entry = entries.first(where: { $0["name"]?.string == name })?[singular] else {
            throw failure("has no \(singular) \"\(name)\"")
        }
        return entry
    }

    func tls(cluster: Value, user: Value) throws -> TLSOptions {
        TLSOptions(
            certificateAuthority: try text("certificate-authority", in: cluster),
            clientCertificate: try text("client-certificate", in: user), clientKey: try text("client-key", in: user),
            serverName: cluster["tls-server-name"]?.string,
            skipsVerification: cluster["insecure-skip-tls-verify"]?.bool ?? false)
    }

    func authorization(_ user: Value) throws -> String? {
        if let token = user["token"]?.string { return "Bearer \(token)" }
        if let file = user["tokenFile"]?.string { return "Bearer \(try content(of: file))" }
        if let name = user["username"]?.string {
            return "Basic " + Base64.encode(Array("\(name):\(user["password"]?.string ?? "")".utf8))
        }
        return nil
    }

    /// A text given in base64 under `name-data`, or as a file under `name`.
    private func text(_ name: String, in entry: Value) throws -> String? {
        if let encoded = entry["\(name)-data"]?.string {
            guard let bytes = Base64.decode(encoded), let text = String(validating: bytes, as: UTF8.self) else {
                throw failure("has a \(name)-data that is not base64")
            }
            return text
        }
        return try entry[name]?.string.map(content(of:))
    }

    private func content(of file: String) throws -> String {
        let directory = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        do {
            return try InputFile.text(file.hasPrefix("/") ? file : "\(directory)/\(file)")
        } catch {
            throw failure("points at a file that cannot be read: \(error)")
        }
    }
}
