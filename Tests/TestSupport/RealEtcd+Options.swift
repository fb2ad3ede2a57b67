import Glibc

extension RealEtcd {
    /// The etcd releases that tests run against.
    public enum Version: String, Sendable, CaseIterable, CustomStringConvertible {
        /// Debian's 3.4, in `/usr/bin`.
        case v3_4 = "3.4"
        /// 3.5.1, fetched by `scripts/fetch-companions`; `LODESTONE_ETCD_35` names another binary.
        case v3_5 = "3.5"

        /// The release as a person says it.
        public var description: String { "etcd \(rawValue)" }

        /// The directory that holds `etcd` and `etcdctl` of this release, or nil when they are not here.
        public var directory: String? {
            switch self {
            case .v3_4: access("/usr/bin/etcd", X_OK) == 0 ? "/usr/bin" : nil
            case .v3_5: Self.companion35
            }
        }

        private static let companion35: String? = {
            var candidates: [String] = []
            if let given = getenv("LODESTONE_ETCD_35") { candidates.append(String(cString: given)) }
            let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            candidates.append("/\(repository)/.build-companions/etcd-3.5.1/etcd")
            guard let binary = candidates.first(where: { access($0, X_OK) == 0 }) else { return nil }
            return String(binary.dropLast("/etcd".count))
        }()
    }

    /// Whether `version` can be started here; prints why not, for use in `.enabled(if:)`.
    public static func isAvailable(_ version: Version) -> Bool {
        if version.directory != nil { return true }
        let remedy =
            switch version {
            case .v3_4: "install the package etcd-server"
            case .v3_5: "run scripts/fetch-companions or set LODESTONE_ETCD_35"
            }
        print("Skipped: \(version) is not here; \(remedy).")
        return false
    }

    /// The releases that can be started here, for `arguments:`.
    public static var availableVersions: [Version] { Version.allCases.filter { $0.directory != nil } }

    /// Files for a cluster that speaks TLS to clients and between members.
    public struct TLS: Sendable {
        /// Certificate authority that signed all certificates.
        public var authority: String
        /// Server certificate; needs both serverAuth and clientAuth and the address 127.0.0.1.
        public var certificate: String
        /// Key of the server certificate.
        public var key: String
        /// Certificate that `etcdctl` presents, and its key.
        public var client: (certificate: String, key: String)?
        /// Whether clients must present a certificate.
        public var requiresClientCertificate: Bool

        /// Names the files.
        public init(
            authority: String, certificate: String, key: String, client: (certificate: String, key: String)? = nil,
            requiresClientCertificate: Bool = false
        ) {
            self.authority = authority
            self.certificate = certificate
            self.key = key
            self.client = client
            self.requiresClientCertificate = requiresClientCertificate
        }

        var serverArguments: [String] {
            [
                "--cert-file", certificate, "--key-file", key, "--trusted-ca-file", authority,
                "--client-cert-auth=\(requiresClientCertificate)",
                "--peer-cert-file", certificate, "--peer-key-file", key, "--peer-trusted-ca-file", authority,
                "--peer-client-cert-auth=true",
            ]
        }

        var clientArguments: [String] {
            ["--cacert", authority] + (client.map { ["--cert", $0.certificate, "--key", $0.key] } ?? [])
        }
    }

    /// One member of a test cluster.
    public struct Member: Sendable {
        /// Position in the cluster, from 0.
        public let index: Int
        /// Name given by `--name`.
        public let name: String
        /// URL that clients dial.
        public let clientURL: String
        /// URL that other members dial.
        public let peerURL: String
        /// Port of `clientURL`.
        public let clientPort: Int
        /// Port of `peerURL`.
        public let peerPort: Int
        /// Port that serves `/health` and `/metrics` in plaintext: `clientPort`, but for TLS clusters.
        public let healthPort: Int
        /// Directory given by `--data-dir`.
        public let dataDirectory: String
        /// File that holds what the member logged.
        public let logFile: String
        /// Process number while the member runs.
        public internal(set) var pid: Int32?
        var process: ChildProcess?
        var binaryDirectory: String
    }
}
