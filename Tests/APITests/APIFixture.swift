import API
import Crypto
import Model
import Store
import Telemetry
import TestSupport
import Transport

/// A store in a directory of its own, and the API over it, asked without a socket in between.
struct APIFixture {
    static let token = "a-token-of-the-tests-0123456789abcdef"

    private let directory: TemporaryDirectory
    let store: RecordStore
    let options: APIServer.Options
    private let metrics = MetricsRegistry()
    private let serverMetrics = MetricsRegistry()
    private let handler: APIHandler

    init(store: RecordStore? = nil, _ adjust: (inout APIServer.Options) -> Void = { _ in }) async throws {
        let directory = try TemporaryDirectory("api")
        self.directory = directory
        if let store {
            self.store = store
        } else {
            self.store = try await RecordStore.open(StoreOptions(directory: directory.file("store")))
        }
        var options = APIServer.Options(listener: HTTPServerOptions(), tokens: BearerTokens([(Self.token, "admin")]))
        // Tests ask as fast as they can; those of the limits set them.
        options.limits.requestsPerSecond = 1_000_000
        options.limits.burst = 1_000_000
        options.limits.publicRequestsPerSecond = 100_000
        options.limits.failuresPerSecond = 100_000
        adjust(&options)
        options.listener.clientCheckInterval = .milliseconds(20)
        self.options = options
        handler = APIHandler(options, store: self.store, metrics: metrics, logger: .silent)
    }

    /// An answer, its body read as JSON where it is some.
    struct Answer {
        let status: Int
        let headers: [HTTPServerField]
        let bytes: [UInt8]
        let json: Value

        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        var reason: String? { json["reason"]?.string }
        var message: String { json["message"]?.string ?? "" }
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Asks as the admin does, or whoever holds a token.
    func call(
        _ method: String, _ target: String, _ body: Value? = nil, type: String? = "application/json",
        headers: [String: String] = [:], token: String? = token, client: HTTPServerClient = HTTPServerClient()
    ) async throws -> Answer {
        try await call(
            method, target, bytes: body?.jsonBytes ?? [], type: type, headers: headers, token: token, client: client)
    }

    func call(
        _ method: String, _ target: String, bytes: [UInt8], type: String? = "application/json",
        headers: [String: String] = [:], token: String? = token, client: HTTPServerClient = HTTPServerClient()
    ) async throws -> Answer {
        let response = try await respond(
            method, target, bytes: bytes, type: type, headers: headers, token: token, client: client)
        guard case .bytes(let content) = response.body else {
            throw TestSupportError("\(method) \(target) answers with a stream")
        }
        return Answer(
            status: response.status, headers: response.headers, bytes: content,
            json: (try? Value(json: content)) ?? .null)
    }

    /// The answer as the server gets it; a stream is not begun.
    func respond(
        _ method: String, _ target: String, bytes: [UInt8] = [], type: String? = "application/json",
        headers: [String: String] = [:], token: String? = token, client: HTTPServerClient = HTTPServerClient()
    ) async throws -> HTTPServerResponse {
        let parts = target.split(separator: "?", maxSplits: 1)
        var query: [HTTPServerField] = []
        for item in parts.dropFirst().first?.split(separator: "&") ?? [] {
            let pair = item.split(separator: "=", maxSplits: 1)
            query.append(HTTPServerField(String(pair[0]), pair.count < 2 ? "" : String(pair[1])))
        }
        var all = token.map { ["Authorization": "Bearer \($0)"] } ?? [:]
        all.merge(headers) { $1 }
        all["Content-Type"] = type
        return await handler.respond(
            to: HTTPServerRequest(
                method: method, path: parts[0].split(separator: "/").map(String.init), query: query,
                headers: all.map { HTTPServerField($0.key, $0.value) }, body: bytes, client: client))
    }

    /// Makes a token record and whatever roles and bindings it needs; returns the secret.
    func makeToken(
        _ name: String, user: String, groups: [String] = [], role: String? = nil, namespaces: [String] = [],
        rules: [RoleRule]? = nil, expires: Timestamp? = nil
    ) async throws -> String {
        let secret = BearerSecret.make()
        var token = AccessToken()
        token.metadata = ObjectMeta(name: name, namespace: "")
        token.spec.user = user
        token.spec.groups = groups
        token.spec.digest = BearerSecret.digest(of: secret)
        token.spec.expires = expires
        try await make(token, "accesstokens")
        if let rules {
            try await make(Role(name: role ?? name, rules: rules), "roles")
        }
        if let role = role ?? rules.map({ _ in name }) {
            try await make(
                RoleBinding(name: name, role: role, subjects: [AccessSubject(.user, user)], namespaces: namespaces),
                "rolebindings")
        }
        return secret
    }

    private func make(_ record: some Resource, _ plural: String) async throws {
        let answer = try await call("POST", "\(Sample.group)/\(plural)", record.document)
        guard answer.status == 201 else { throw TestSupportError("\(plural): \(answer.message)") }
    }

    /// How many watches the real server has open, as its metrics tell.
    var openWatches: Int? {
        get async {
            let text = String(decoding: await serverMetrics.exposition(), as: UTF8.self)
            let line = text.split(separator: "\n").first { $0.hasPrefix("lodestone_api_watches ") }
            return line?.split(separator: " ").last.flatMap { Int($0) }
        }
    }

    /// Runs the real server for the length of a test.
    func serving<Result>(_ body: (APIServer) async throws -> Result) async throws -> Result {
        let server = try APIServer(options, store: store, metrics: serverMetrics, logger: .silent)
        return try await withThrowingTaskGroup { group in
            group.addTask { await server.run() }
            // Leaving the group cancels `run` and waits for it, whether the body throws or not.
            defer { group.cancelAll() }
            return try await body(server)
        }
    }
}

/// Paths and records the tests use over and over.
enum Sample {
    static let group = "/apis/lodestone.dev/v1alpha1"
    static let clusters = "/apis/lodestone.dev/v1alpha1/namespaces/default/etcdclusters"
    static let secrets = "/api/v1/namespaces/default/secrets"

    static func cluster(_ name: String, _ more: Value = [:]) -> Value {
        let plain: Value = [
            "apiVersion": "lodestone.dev/v1alpha1", "kind": "EtcdCluster", "metadata": ["name": .string(name)],
            "spec": ["provider": "Local", "version": "3.4.23"],
        ]
        return plain.merging(patch: more)
    }

    static func secret(_ name: String, _ more: Value = [:]) -> Value {
        let plain: Value = ["metadata": ["name": .string(name)], "data": ["password": "c2VjcmV0"]]
        return plain.merging(patch: more)
    }
}
