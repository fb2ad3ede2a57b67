public import API
public import Client
import Crypto
import Model
import Telemetry
import Transport

/// How the controller tells who its clients are, what it lets them ask, and what it writes down about them.
///
/// There is no option to serve without TLS or without knowing who asks.
struct AccessOptions: Sendable {
    var serverNames: [String] = []
    var certificate: String?
    var key: String?
    var clientAuthority: String?
    var auditLog: String?
    var auditLevel = AuditLevel.changes
    var requestsPerSecond = 500
    var requestBurst = 1_000
    var connectionsPerAddress = 1_024

    static let options: [CommandOption<AccessOptions>] = [
        CommandOption(
            "server-name", \.serverNames, placeholder: "NAME|ADDRESS",
            "A name or address by which clients reach the server, besides the one it listens on; for its certificate"),
        CommandOption(
            "tls-certificate", \.certificate, placeholder: "FILE",
            "The server's certificate with its chain, in PEM; one of the controller's own authority if not given"),
        CommandOption("tls-key", \.key, placeholder: "FILE", "The private key of that certificate, in PEM"),
        CommandOption(
            "client-ca", \.clientAuthority, placeholder: "FILE",
            "Authorities whose client certificates are accepted besides the controller's own, in PEM"),
        CommandOption(
            "audit-log", \.auditLog, placeholder: "FILE|none",
            "Where is written down who did what; DATA-DIR/audit/audit.log if not given"),
        CommandOption("audit-level", \.auditLevel, "How much is written down"),
        CommandOption(
            "requests-per-second", \.requestsPerSecond, placeholder: "N",
            "How many requests a user may make a second in the long run"),
        CommandOption(
            "request-burst", \.requestBurst, placeholder: "N", "How many requests a user may make at once"),
        CommandOption(
            "connections-per-address", \.connectionsPerAddress, placeholder: "N",
            "How many connections one address other than loopback may have open"),
    ]

    func complaint() -> String? {
        if (certificate == nil) != (key == nil) {
            return "\"--tls-certificate\" and \"--tls-key\" go together"
        }
        for (name, number) in [
            ("requests-per-second", requestsPerSecond), ("request-burst", requestBurst),
            ("connections-per-address", connectionsPerAddress),
        ] where !(1...1_000_000).contains(number) {
            return "\"--\(name)\" must be between 1 and 1000000"
        }
        return nil
    }

    /// Puts the certificates to serve with and the limits into the options of a server.
    func apply(to options: inout APIServer.Options, _ credentials: APICredentials) throws {
        let files = ServerFiles(certificate: certificate, key: key, clientAuthority: clientAuthority)
        let certificates = ServingCertificates(files, or: credentials)
        options.listener.tls = try certificates.read(now: .now)
        options.certificates = certificates
        options.listener.connectionsPerAddress = connectionsPerAddress
        options.listener.bodyLimit = 3 << 20
        options.authority = try Certificate(pem: credentials.authority.certificatePEM)
        options.limits.requestsPerSecond = requestsPerSecond
        options.limits.burst = requestBurst
    }

    /// Opens the audit log; nil if there is to be none.
    func openAuditLog(_ data: String, _ metrics: MetricsRegistry) async throws -> AuditLog? {
        guard auditLog != "none" else { return nil }
        var options = AuditLog.Options(path: auditLog ?? data + "/audit/audit.log")
        options.level = auditLevel
        return try await AuditLog(options, metrics: metrics)
    }
}

extension AuditLevel: OptionValue {}
