import Etcd
import Model
import Observers
import Transport

/// The options by which a command reaches etcd members directly, without a controller.
struct MemberOptions: Sendable {
    /// The client URLs.
    var endpoints: [String] = []
    /// Advertised URLs and the ones to dial instead, as `ADVERTISED=REACHABLE`.
    var map: [String] = []
    /// A file with the certificates to trust.
    var authority: String?
    /// A file with our certificate.
    var certificate: String?
    /// A file with the key of our certificate.
    var key: String?
    /// The name the members' certificates carry.
    var serverName: String?
    /// Whether any certificate is taken.
    var skipsVerification = false
    /// The user to act as.
    var user: String?
    /// A file that holds the user's password.
    var passwordFile: String?

    static let options: [CommandOption<MemberOptions>] = [
        CommandOption("endpoints", \.endpoints, placeholder: "URL", "Client URLs of members; one finds all others"),
        CommandOption(
            "endpoint-map", \.map, placeholder: "FROM=TO",
            "A client URL that members advertise, and the one to dial instead"),
        CommandOption("cacert", \.authority, placeholder: "FILE", "The certificates to trust, in PEM"),
        CommandOption("cert", \.certificate, placeholder: "FILE", "Our certificate, in PEM"),
        CommandOption("key", \.key, placeholder: "FILE", "The key of our certificate, in PEM"),
        CommandOption("server-name", \.serverName, placeholder: "NAME", "The name the members' certificates carry"),
        CommandOption("insecure-skip-verify", \.skipsVerification, "Takes any certificate; for experiments only"),
        CommandOption("user", \.user, placeholder: "NAME", "The etcd user to act as"),
        CommandOption(
            "password-file", \.passwordFile, placeholder: "FILE",
            "A file with the user's password; the variable LODESTONE_ETCD_PASSWORD if not given"),
    ]

    /// What is wrong with the options together.
    func complaint() -> String? {
        if (certificate == nil) != (key == nil) { return "\"--cert\" and \"--key\" go together" }
        if passwordFile != nil, user == nil { return "\"--password-file\" needs \"--user\"" }
        if let wrong = map.first(where: { $0.split(separator: "=").count != 2 }) {
            return "\"--endpoint-map\": \"\(wrong)\" is no pair; write http://advertised:2379=http://reachable:2379"
        }
        return nil
    }

    /// The way to the members.
    ///
    /// An endpoint without a scheme is taken for what the other options suggest.
    ///
    /// - Throws: `UsageError` for a URL that is none, `FileError` for a file that cannot be read.
    func target(in session: Session, command: String) throws -> ClusterTarget {
        let isEncrypted = authority != nil || certificate != nil || serverName != nil || skipsVerification
        let urls = endpoints.map { $0.contains("://") ? $0 : (isEncrypted ? "https://" : "http://") + $0 }
        if isEncrypted, let plain = urls.first(where: { !$0.hasPrefix("https://") }) {
            throw UsageError(
                "\"--endpoints\": \(plain) is not encrypted, but options for TLS are given", command: command)
        }
        for url in urls {
            do throws(EndpointError) {
                _ = try Endpoint(url: url, tls: nil)
            } catch {
                throw UsageError("\"--endpoints\": \(error)", command: command)
            }
        }
        var tls: TLSOptions?
        if urls.contains(where: { $0.hasPrefix("https://") }) {
            tls = TLSOptions(serverName: serverName, skipsVerification: skipsVerification)
            tls?.certificateAuthority = try authority.map { try text(of: $0, session) }
            tls?.clientCertificate = try certificate.map { try text(of: $0, session) }
            tls?.clientKey = try key.map { try text(of: $0, session) }
        }
        let pairs = map.map { $0.split(separator: "=").map(String.init) }
        return ClusterTarget(
            endpoints: urls, endpointMap: Dictionary(pairs.map { ($0[0], $0[1]) }) { first, _ in first }, tls: tls,
            credentials: try credentials(in: session, command: command))
    }

    private func credentials(in session: Session, command: String) throws -> EtcdCredentials? {
        guard let user else { return nil }
        if let passwordFile {
            let text = try text(of: passwordFile, session)
            let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            return EtcdCredentials(user: user, password: line)
        }
        guard let password = session.environment["LODESTONE_ETCD_PASSWORD"] else {
            throw UsageError(
                "\"--user\" needs \"--password-file\", or the password in LODESTONE_ETCD_PASSWORD", command: command)
        }
        return EtcdCredentials(user: user, password: password)
    }

    private func text(of path: String, _ session: Session) throws -> String {
        String(decoding: try InputFile.read(session.path(path), limit: 1 << 20), as: UTF8.self)
    }
}
