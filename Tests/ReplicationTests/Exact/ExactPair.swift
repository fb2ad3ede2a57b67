import Crypto
import Etcd
import Glibc
import Synchronization
import TestSupport
import Transport

@testable import Replication

/// A source, a destination restored from its snapshot, and the spool between them.
struct ExactPair: Sendable {
    let source: RealEtcd
    let destination: RealEtcd
    let from: EtcdEndpoints
    let to: EtcdEndpoints
    let spoolDirectory: String
    let credentials: EtcdCredentials?
    let engine: HTTPEngine

    /// What the replication reported last.
    final class Report: Sendable {
        private let state = Mutex(ReplicationProgress())
        var now: ReplicationProgress { state.withLock { $0 } }
        func take(_ progress: ReplicationProgress) { state.withLock { $0 = progress } }
    }

    /// A replication as it is begun after a kill: nothing is remembered but what is on the disk.
    func replicate(_ report: Report, window: Int = 64) async throws {
        var options = ExactReplication.Options()
        options.leaseInterval = .milliseconds(300)
        options.idleLook = .milliseconds(200)
        options.silence = .seconds(8)
        options.window = window
        let spool = try RevisionSpool(directory: spoolDirectory)
        try await ExactReplication(source: from, destination: to, spool: spool, options: options).run {
            report.take($0)
        }
    }

    /// Runs a replication beside `body` and ends it afterwards; its failure ends both.
    func whileReplicating(window: Int = 64, _ body: @escaping @Sendable (Report) async throws -> Void) async throws {
        let report = Report()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await replicate(report, window: window)
                return false
            }
            group.addTask {
                // Until its watch stands, a compaction of the source may end it, and rightly.
                let revision = try await from.clients[0].put("/begun", "x").header.revision
                try await eventually("it replicates", timeout: .seconds(30)) { report.now.applied >= revision }
                try await body(report)
                return true
            }
            defer { group.cancelAll() }
            while let isDone = try await group.next(), !isDone {}
        }
    }

    /// Stops the source, waits until the destination has everything, and proves that both are the same.
    func prove(_ report: Report, freezes: Bool = true) async throws -> ExactEvidence {
        let freeze = SourceFreeze(from)
        if freezes { try await freeze.activate() }
        let revision = try await ClusterHead.read(from).revision
        try await eventually("revision \(revision) is applied", timeout: .seconds(60), poll: .milliseconds(5)) {
            guard report.now.applied >= revision else { throw TestSupportError("\(report.now)") }
            return true
        }
        // Leases without keys are compared now and then, and those that ended are revoked then.
        let evidence = try await eventually("both ends are equal", timeout: .seconds(20)) {
            let evidence = try await ExactProof(source: from, destination: to).prove(at: revision)
            guard evidence.isEqual else { throw TestSupportError("\(evidence.differences.prefix(5))") }
            return evidence
        }
        if freezes { try await freeze.deactivate() }
        return evidence
    }
}

extension ExactPair {
    /// The same pair with other ways to the destination.
    init(_ pair: ExactPair, to: EtcdEndpoints) {
        self.init(
            source: pair.source, destination: pair.destination, from: pair.from, to: to,
            spoolDirectory: pair.spoolDirectory, credentials: pair.credentials, engine: pair.engine)
    }
}

/// What both ends of a pair are.
struct ExactSetting: Sendable, CustomStringConvertible {
    var source = RealEtcd.Version.v3_4
    var destination = RealEtcd.Version.v3_4
    var members = (source: 1, destination: 1)
    var hasTLS = false
    var hasAuthentication = false

    var description: String {
        "\(source) \(members.source)→\(destination) \(members.destination)"
            + (hasTLS ? ", TLS" : "") + (hasAuthentication ? ", auth" : "")
    }
}

/// Lends a pair as a migration makes it: the watch is opened, then the snapshot taken, all under writes.
func withExactPair(
    _ setting: ExactSetting = ExactSetting(), writing: (@Sendable (EtcdClient) async throws -> Void)? = nil,
    _ body: @Sendable (ExactPair) async throws -> Void
) async throws {
    let secrets = setting.hasTLS ? try TestSecrets() : nil
    let credentials = setting.hasAuthentication ? EtcdCredentials(user: "root", password: "secret") : nil
    let engine = HTTPEngine()
    defer { engine.shutdown() }
    let endpoints = { (etcd: RealEtcd, credentials: EtcdCredentials?) throws -> EtcdEndpoints in
        let clients = try etcd.endpoints.map { url in
            EtcdClient(
                engine: engine, endpoint: try Endpoint(url: url, tls: secrets?.options), credentials: credentials,
                maximumRequestByteCount: 32 << 20)
        }
        return EtcdEndpoints(clients[0], Array(clients.dropFirst()))
    }
    try await withRealEtcd(members: setting.members.source, version: setting.source, tls: secrets?.files) { source in
        let plain = try endpoints(source, nil)
        for number in 0..<50 { try await plain.clients[0].put("/pods/pod-\(number)", "first") }
        let lease = try await plain.clients[0].leaseGrant(timeToLive: .seconds(600), id: 77)
        try await plain.clients[0].put("/leased", "x", lease: .id(lease.id))
        if credentials != nil {
            try await plain.clients[0].userAdd("root", password: "secret")
            try await plain.clients[0].roleAdd("reader")
            try await plain.clients[0].userGrantRole("root", role: "root")
            try await plain.clients[0].authEnable()
        }
        let from = try endpoints(source, credentials)
        let directory = "\(source.scratchDirectory)/spool"
        let snapshot = "\(source.scratchDirectory)/seed.db"
        try await withThrowingTaskGroup(of: Void.self) { group in
            let spool = try RevisionSpool(directory: directory)
            let isSynced = Mutex(false)
            group.addTask {
                try await SourceRecorder(from, into: spool).run { progress in
                    isSynced.withLock { $0 = $0 || progress.isSynced }
                }
            }
            if let writing { group.addTask { try await writing(from.clients[0]) } }
            try await eventually("the source is watched") { isSynced.withLock { $0 } }
            // A member that answers a linearizable read has everything that the spool does not.
            _ = try await ClusterHead.read(EtcdEndpoints(from.clients[0]))
            let login = credentials.map { ["--user", "\($0.user):\($0.password)"] } ?? []
            try await source.save(snapshot, login)
            group.cancelAll()
            while true {
                do {
                    guard try await group.next() != nil else { break }
                } catch is CancellationError {} catch let error as EtcdError where error.code == .cancelled {}
            }
        }
        try await withRealEtcd(
            members: setting.members.destination, version: setting.destination, tls: secrets?.files,
            extraArguments: ["--max-request-bytes", "\(32 << 20)"],
            environment: ["GOMAXPROCS": "1"], snapshot: snapshot
        ) { destination in
            try await body(
                ExactPair(
                    source: source, destination: destination, from: from, to: try endpoints(destination, credentials),
                    spoolDirectory: directory, credentials: credentials, engine: engine))
        }
    }
}

extension RealEtcd {
    /// Saves a snapshot of the first member.
    func save(_ path: String, _ login: [String]) async throws {
        let flags =
            ["--endpoints", endpoints[0]] + login
            + (tls.map { ["--cacert", $0.authority, "--cert", $0.certificate, "--key", $0.key] } ?? [])
        let result = try await ChildProcess.run(
            "/usr/bin/etcdctl", flags + ["snapshot", "save", path],
            environment: [
                "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                "PATH": "/usr/bin:/bin",
            ])
        guard result.status == 0 else { throw TestSupportError(result.errors) }
    }
}

/// Certificates for one test.
final class TestSecrets: Sendable {
    let files: RealEtcd.TLS
    let options: TLSOptions
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory("tls")
        let authority = try CertificateAuthority(commonName: "test", lifetime: .seconds(3600))
        let server = try authority.issueServerCertificate(
            commonName: "etcd", hosts: ["127.0.0.1"], lifetime: .seconds(3600))
        let client = try authority.issueClientCertificate(commonName: "client", lifetime: .seconds(3600))
        try writeTextFile(directory.file("ca"), authority.certificatePEM)
        try writeTextFile(directory.file("cert"), server.certificatePEM)
        try writeTextFile(directory.file("key"), server.privateKeyPEM, mode: 0o600)
        try writeTextFile(directory.file("client"), client.certificatePEM)
        try writeTextFile(directory.file("client-key"), client.privateKeyPEM, mode: 0o600)
        files = RealEtcd.TLS(
            authority: directory.file("ca"), certificate: directory.file("cert"), key: directory.file("key"),
            client: (directory.file("client"), directory.file("client-key")), requiresClientCertificate: true)
        options = TLSOptions(
            certificateAuthority: authority.certificatePEM, clientCertificate: client.certificatePEM,
            clientKey: client.privateKeyPEM)
    }
}
