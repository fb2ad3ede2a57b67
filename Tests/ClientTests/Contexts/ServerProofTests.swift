@testable import Client
import Model
import Synchronization
import TestSupport
import Testing
import Transport

/// Commands that find a server in kubectl's own files.
struct ServerProofTests {
    /// What a server was asked.
    private final class Asked: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func note(_ request: HTTPServerRequest) {
            let proof = request.headers.contains { $0.name.lowercased() == "authorization" } ? " with a token" : ""
            lines.withLock { $0.append("\(request.method) \(request.rawPath)\(proof)") }
        }
    }

    /// Runs a command line where kubectl's kubeconfig speaks of a server with some version.
    private func run(
        _ line: String, version: HTTPServerResponse, named: Bool = false
    ) async throws -> (code: ExitCode, errors: String, asked: [String]) {
        let asked = Asked()
        let server = try HTTPServer(options: HTTPServerOptions()) { request in
            asked.note(request)
            return request.path == ["version"] ? version : HTTPServerResponse(status: 404)
        }
        return try await withThrowingTaskGroup { group in
            group.addTask { await server.run() }
            defer { group.cancelAll() }
            return try await withTemporaryDirectory { directory in
                let path = "\(directory)/config"
                try writeTextFile(
                    path,
                    """
                    current-context: work
                    contexts: [{name: work, context: {cluster: k, user: u}}]
                    clusters: [{name: k, cluster: {server: "http://127.0.0.1:\(server.port)"}}]
                    users: [{name: u, user: {token: t}}]
                    """)
                let session = TestSession(
                    in: directory, environment: [named ? "LODESTONE_KUBECONFIG" : "KUBECONFIG": path])
                let code = await session.run(line)
                return (code, session.errors, asked.all)
            }
        }
    }

    private static func json(_ text: String) -> HTTPServerResponse {
        HTTPServerResponse(
            status: 200, headers: [HTTPServerField("Content-Type", "application/json")], body: .bytes(Array(text.utf8)))
    }

    @Test(
        "Nothing is asked of a server that does not say it is a Lodestone controller",
        arguments: [
            (#"{"gitVersion": "v1.30.1"}"#, "it is Kubernetes v1.30.1"), ("{}", "does not say what it is"),
            ("hello", "does not say what it is"),
        ], ["delete ec orders", "apply -f /dev/stdin", "get ec -w", "delete ns default --dry-run"])
    func foreign(answer: (version: String, reason: String), line: String) async throws {
        let ended = try await run(
            line == "apply -f /dev/stdin" ? "migrate a b --wait=false" : line, version: Self.json(answer.version))
        #expect(ended.code == .unreachable)
        #expect(ended.asked == ["GET /version"])
        #expect(ended.errors.contains(answer.reason) && ended.errors.contains("\"work\""), "\(ended.errors)")
    }

    @Test("A server that keeps its version to itself is none of ours")
    func secretive() async throws {
        let ended = try await run("delete ec orders", version: HTTPServerResponse(status: 401))
        #expect(ended.asked == ["GET /version"])
        #expect(ended.errors.contains("answers 401"))
    }

    @Test("One that says so is asked, and asked for its version once")
    func ours() async throws {
        let version = Self.json(#"{"gitVersion": "v1.32.0+lodestone-0.1.0"}"#)
        let ended = try await run("delete ec orders eb/x", version: version)
        #expect(ended.code == .usage && ended.asked.isEmpty)
        let two = try await run("delete ec orders bills", version: version)
        #expect(
            two.asked == ["GET /version"]
                + ["orders", "bills"].map {
                    "DELETE /apis/lodestone.dev/v1alpha1/namespaces/default/etcdclusters/\($0) with a token"
                })
    }

    @Test("A kubeconfig that is named is believed")
    func named() async throws {
        let ended = try await run("delete ec orders", version: Self.json("{}"), named: true)
        #expect(ended.asked.count == 1 && ended.asked[0].hasPrefix("DELETE"))
    }
}
