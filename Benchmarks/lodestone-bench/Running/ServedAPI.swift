import Glibc
import TestSupport
import Transport

/// The API in a process of its own, over a store with clusters that nobody reconciles.
struct ServedAPI: Sendable {
    /// Its process.
    let process: ChildProcess
    /// Where it serves.
    let url: String
    /// The path of all its clusters.
    static let clusters = "/apis/lodestone.dev/v1alpha1/namespaces/default/etcdclusters"

    /// Starts one, lends it, and ends it.
    static func with<Result>(
        records: Int, isEncrypted: Bool, _ options: BenchOptions, _ body: (ServedAPI) async throws -> Result
    ) async throws -> Result {
        let directory = try TemporaryDirectory("served")
        let log = directory.file("url")
        let process = try await ChildProcess.start(
            options.executable,
            ["work", "serve", directory.file("store"), "\(records)", isEncrypted ? "tls" : "plain", log],
            output: directory.file("out"))
        defer { process.signal(SIGKILL) }
        let url = try await eventually("the API serves", timeout: .seconds(180)) {
            guard process.isRunning else {
                throw BenchError("the API has ended: \(readTextFile(directory.file("out")) ?? "")")
            }
            let text = readTextFile(log) ?? ""
            return text.isEmpty ? nil : text
        }
        let result = try await body(ServedAPI(process: process, url: url))
        withExtendedLifetime(directory) {}
        return result
    }

    /// Lends a client of it.
    func withClient<Result>(_ body: (HTTPClient) async throws -> Result) async throws -> Result {
        let engine = HTTPEngine(name: "bench")
        defer { engine.shutdown() }
        return try await body(
            HTTPClient(
                engine: engine,
                endpoint: try Endpoint(
                    url: url, tls: url.hasPrefix("https") ? TLSOptions(skipsVerification: true) : nil)))
    }

    /// A request as the user.
    static func request(
        _ path: String, method: String = "GET", accept: String = "application/json", body: [UInt8]? = nil
    ) -> HTTPClientRequest {
        HTTPClientRequest(
            method: method, path: path,
            headers: [
                ("Authorization", "Bearer \(Work.token)"), ("Accept", accept),
                ("Content-Type", "application/merge-patch+json"),
            ], body: body, timeout: .seconds(60))
    }

    /// `curl` as the user, what it gets thrown away.
    func curl(_ path: String, _ arguments: String..., accept: String = "application/json") -> MeasuredCommand {
        MeasuredCommand(
            command: [
                "/usr/bin/curl", "-sSfk", "--noproxy", "*", "-o", "/dev/null", "-H",
                "Authorization: Bearer \(Work.token)",
                "-H", "Accept: \(accept)",
            ] + arguments + ["\(url)\(path)"])
    }
}
