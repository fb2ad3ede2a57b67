import API
import Client
import Crypto
import Model
import Store
import Telemetry
import TestSupport
import Transport

/// The real API over a store of its own, with TLS and a kubeconfig, as a controller serves it; nothing reconciles.
struct ControllerFixture {
    let directory: TemporaryDirectory
    let store: RecordStore
    private let options: APIServer.Options
    private let credentials: APICredentials

    init(_ adjust: (inout APIServer.Options) -> Void = { _ in }) async throws {
        directory = try TemporaryDirectory("client")
        store = try await RecordStore.open(StoreOptions(directory: directory.file("store")))
        credentials = try APICredentials(in: directory.path, hosts: ["127.0.0.1"])
        var listener = HTTPServerOptions()
        listener.tls = HTTPServerOptions.TLS(
            certificatePEM: credentials.server.certificatePEM, privateKeyPEM: credentials.server.privateKeyPEM)
        listener.clientCheckInterval = .milliseconds(20)
        listener.stopGrace = .milliseconds(500)
        var options = APIServer.Options(
            listener: listener, tokens: BearerTokens([(token: credentials.adminToken, user: "admin")]))
        options.programVersion = "9.8.7"
        adjust(&options)
        self.options = options
    }

    var kubeconfig: String { credentials.kubeconfigPath }

    /// A session that finds this controller.
    func session(now: Timestamp? = nil) -> TestSession {
        TestSession(in: directory.path, environment: ["LODESTONE_KUBECONFIG": kubeconfig], now: now)
    }

    /// Runs a command line that must end with a code, and returns what it wrote as its result.
    func run(_ line: String, input: String = "", _ code: ExitCode = .success) async throws -> String {
        let session = session()
        let ended = await session.run(line, input: input)
        guard ended == code else {
            throw TestSupportError("lodestone \(line) ended with \(ended): \(session.errors)\(session.output)")
        }
        return session.output
    }

    /// Serves for the length of a test, on a port to be had again.
    func serving<Result>(port: UInt16 = 0, _ body: (APIServer) async throws -> Result) async throws -> Result {
        var options = options
        options.listener.port = port
        let server = try APIServer(options, store: store, metrics: MetricsRegistry(), logger: .silent)
        try credentials.writeKubeconfig(url: server.url)
        return try await withThrowingTaskGroup { group in
            group.addTask { await server.run() }
            // Leaving the group cancels `run` and waits for it, whether the body throws or not.
            defer { group.cancelAll() }
            return try await body(server)
        }
    }
}

/// Manifests the tests use over and over.
enum Sample {
    static func cluster(_ name: String, spec: String = "version: 3.4.23") -> String {
        """
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata:
          name: \(name)
        spec:
          \(spec)

        """
    }
}
