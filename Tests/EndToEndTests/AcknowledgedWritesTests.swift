import Glibc
import Model
import Synchronization
import TestSupport
import Testing
import Transport

/// Kills a controller that is being written to, at random instants, and looks for everything it had acknowledged.
@Suite(.timeLimit(.minutes(Soak.isLong ? 60 : 12)))
struct AcknowledgedWritesTests {
    @Test("Whatever the instant of a kill, every write that was acknowledged over HTTP is there afterwards")
    func kill() async throws {
        try await ControllerFixture.run { fixture, controller in
            let writers = (0..<6).map { Writer(number: $0) }
            for _ in 0..<Soak.rounds(4, long: 200) {
                let engine = HTTPEngine(name: "writers")
                let api = try fixture.api(engine)
                let process = controller
                try await withThrowingDiscardingTaskGroup { group in
                    for writer in writers { group.addTask { await writer.writeUntilRefused(api) } }
                    let goal = writers.reduce(0) { $0 + $1.acknowledged } + Int.random(in: 1...80)
                    group.addTask {
                        defer { process.signal(SIGKILL) }
                        try await eventually("enough is written", timeout: .seconds(60), poll: .milliseconds(1)) {
                            writers.reduce(0) { $0 + $1.acknowledged } >= goal
                        }
                    }
                }
                try await controller.waitForExit()
                engine.shutdown()
                controller = try await fixture.start()
                try await fixture.waitUntilReady()
                let again = HTTPEngine(name: "verify")
                defer { again.shutdown() }
                let reader = try fixture.api(again)
                for writer in writers { try await writer.verify(reader) }
            }
            #expect(writers.contains { $0.acknowledged > 1 }, "the writers hardly wrote")
        }
    }
}

/// The API of a controller, as its kubeconfig describes it.
struct DirectAPI: Sendable {
    private let client: HTTPClient
    private let token: String

    fileprivate init(_ engine: HTTPEngine, url: String, token: String) throws {
        client = HTTPClient(
            engine: engine, endpoint: try Endpoint(url: url, tls: TLSOptions(skipsVerification: true)))
        self.token = token
    }

    /// Sends a request as the admin.
    func send(_ method: String, _ path: String, _ body: Value? = nil) async throws -> HTTPClientResponse {
        try await client.send(
            HTTPClientRequest(
                method: method, path: path,
                headers: [
                    ("Authorization", "Bearer \(token)"),
                    ("Content-Type", method == "PATCH" ? "application/merge-patch+json" : "application/json"),
                ], body: body?.jsonBytes, timeout: .seconds(20)))
    }
}

extension ControllerFixture {
    /// The API, asked without the command line in between.
    func api(_ engine: HTTPEngine) throws -> DirectAPI {
        let words = (readTextFile(data + "/kubeconfig") ?? "").split(whereSeparator: \.isWhitespace)
            .map { $0.filter { $0 != "\"" } }
        func word(after name: String) throws -> String {
            guard let index = words.firstIndex(of: name), index + 1 < words.count else {
                throw TestSupportError("the kubeconfig has no \(name)")
            }
            return words[index + 1]
        }
        return try DirectAPI(engine, url: word(after: "server:"), token: word(after: "token:"))
    }
}

/// Writes records of its own, one request after the other, and remembers what was acknowledged.
private final class Writer: Sendable {
    private static let secrets = "/api/v1/namespaces/default/secrets"
    private static let clusters = "/apis/lodestone.dev/v1alpha1/namespaces/default/etcdclusters"

    private struct State {
        /// What each secret may say, or nil for none of that name; more than one while a write was cut off.
        var possible: [String: [String?]] = [:]
        /// The version in which the cluster's status was last acknowledged; 0 before it was created.
        var clusterVersion: Int64 = 0
        var count = 0
        var acknowledged = 0
    }

    private let number: Int
    private let state = Mutex(State())

    init(number: Int) {
        self.number = number
    }

    /// How many writes were acknowledged.
    var acknowledged: Int { state.withLock { $0.acknowledged } }

    /// Writes until the server is gone.
    func writeUntilRefused(_ api: DirectAPI) async {
        while true {
            let index = state.withLock { state in
                state.count += 1
                return state.count
            }
            guard await index.isMultiple(of: 5) ? writeStatus(api, index) : writeSecret(api, index) else { return }
        }
    }

    /// Creates, changes or deletes a secret; false when the server is gone.
    private func writeSecret(_ api: DirectAPI, _ index: Int) async -> Bool {
        let name = "w\(number)-\(index % 7)"
        let (path, text) = ("\(Self.secrets)/\(name)", "n\(index)")
        let current = state.withLock { $0.possible[name]?.first ?? nil }
        let data: Value = ["data": ["note": .string(Base64.encode(Array(text.utf8)))]]
        let (method, place, body, next): (String, String, Value, String?) =
            switch (current, index % 4) {
            case (nil, _): ("POST", Self.secrets, data.merging(patch: ["metadata": ["name": .string(name)]]), text)
            case (_, 0): ("DELETE", path, [:], nil)
            default: ("PATCH", path, data, text)
            }
        // Until the answer is there both states are possible.
        state.withLock { $0.possible[name] = [current, next] }
        guard await accept(method, place, try? await api.send(method, place, body)) != nil else { return false }
        state.withLock { $0.possible[name] = [next] }
        return true
    }

    /// Writes the status of a cluster; false when the server is gone.
    private func writeStatus(_ api: DirectAPI, _ index: Int) async -> Bool {
        let name = "c\(number)"
        let isNew = state.withLock { $0.clusterVersion == 0 }
        let record: Value = [
            "metadata": ["name": .string(name)],
            "spec": ["provider": "Imported", "endpoints": ["http://127.0.0.1:1"], "paused": true],
        ]
        let status: Value = ["status": ["leader": .string("n\(index)")]]
        let (method, path) = isNew ? ("POST", Self.clusters) : ("PATCH", "\(Self.clusters)/\(name)/status")
        guard let answer = await accept(method, path, try? await api.send(method, path, isNew ? record : status)) else {
            return false
        }
        let version = answer[path: "metadata", "resourceVersion"]?.string.flatMap { Int64($0) } ?? 0
        state.withLock { $0.clusterVersion = version }
        return true
    }

    /// What a write was answered with; nil when the server is gone, or refused what it should not.
    private func accept(_ method: String, _ path: String, _ answer: HTTPClientResponse?) async -> Value? {
        guard let answer else { return nil }
        // A creation that was cut off may have happened.
        let wasThere = answer.status == 409 && method == "POST" && path == Self.clusters
        guard (200...201).contains(answer.status) || wasThere else {
            Issue.record("\(method) \(path): \(answer.status) \(answer.text)")
            return nil
        }
        state.withLock { $0.acknowledged += 1 }
        return (try? Value(json: answer.body)) ?? .null
    }

    /// Looks for every record, and takes what is there for the truth from now on.
    func verify(_ api: DirectAPI) async throws {
        let (possible, version) = state.withLock { ($0.possible, $0.clusterVersion) }
        for (name, states) in possible {
            let answer = try await api.send("GET", "\(Self.secrets)/\(name)")
            let note = try Value(json: answer.body)[path: "data", "note"]?.string.flatMap { Base64.decode($0) }
            let found = answer.status == 404 ? nil : note.map { String(decoding: $0, as: UTF8.self) }
            #expect(states.contains(found), "\(name) says \(found ?? "nothing"), not one of \(states)")
            state.withLock { $0.possible[name] = [found] }
        }
        guard version > 0 else { return }
        // The controller writes there too; what counts is that no acknowledged version is undone.
        let cluster = try Value(json: try await api.send("GET", "\(Self.clusters)/c\(number)").body)
        let found = cluster[path: "metadata", "resourceVersion"]?.string.flatMap { Int64($0) } ?? 0
        #expect(found >= version, "the status written as \(version) is lost")
    }
}
