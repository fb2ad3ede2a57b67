import Glibc
import Model
import TestSupport
import Transport

/// A `lodestone controller` under measurement.
struct Controller: Sendable {
    /// Its process.
    let process: ChildProcess
    /// How long it took from its start until it said that it is ready.
    let startTime: Duration
    /// Its data directory.
    let directory: String
    private let options: BenchOptions

    /// Starts one on a data directory and waits until `/readyz` answers with 200.
    static func start(
        in directory: String, _ options: BenchOptions, arguments: [String] = []
    ) async throws -> Controller {
        let port = try FreePort.next()
        let log = "\(directory).log"
        let engine = HTTPEngine(name: "bench")
        defer { engine.shutdown() }
        let client = HTTPClient(
            engine: engine,
            endpoint: try Endpoint(url: "https://127.0.0.1:\(port)", tls: TLSOptions(skipsVerification: true)))
        let request = HTTPClientRequest(path: "/readyz", timeout: .seconds(2))
        let start = ContinuousClock.now
        let process = try await ChildProcess.start(
            options.lodestone, ["controller", "--data-dir", directory, "--listen", "127.0.0.1:\(port)"] + arguments,
            output: log)
        do {
            try await eventually("the controller is ready", timeout: .seconds(60), poll: .milliseconds(1)) {
                guard process.isRunning else { throw BenchError("the controller has ended") }
                return try await client.send(request).status == 200
            }
            return Controller(
                process: process, startTime: .now - start, directory: directory, options: options)
        } catch {
            process.signal(SIGKILL)
            throw BenchError("\(error)\n\((readTextFile(log) ?? "").suffix(1000))")
        }
    }

    /// Lends a running controller and ends it afterwards.
    static func with<Result>(
        in directory: String, _ options: BenchOptions, arguments: [String] = [],
        _ body: (Controller) async throws -> Result
    ) async throws -> Result {
        let controller = try await start(in: directory, options, arguments: arguments)
        do {
            let result = try await body(controller)
            try await controller.stop()
            return result
        } catch {
            controller.process.signal(SIGKILL)
            throw error
        }
    }

    /// Ends it and waits for its end.
    func stop() async throws {
        try await process.end(grace: .seconds(30))
    }

    /// Its processor time and memory until now.
    func figures() throws -> ProcessFigures { try ProcessFigures(of: process.pid) }

    /// Runs a client command against it and returns what that took.
    @discardableResult
    func client(_ arguments: [String], output: String = "/dev/null") async throws -> Usage {
        var command = MeasuredCommand(
            command: [options.lodestone] + arguments + ["--kubeconfig", "\(directory)/kubeconfig"])
        command.output = output
        return try await command.run(in: options.directory)
    }

    /// Asks the API for a path as the admin; the answer, and how long it took.
    func get(_ path: String) async throws -> (body: String, took: Duration) {
        let kubeconfig = readTextFile("\(directory)/kubeconfig") ?? ""
        let words = kubeconfig.split(whereSeparator: \.isWhitespace).map { $0.filter { $0 != "\"" } }
        func word(after name: String) throws -> String {
            guard let index = words.firstIndex(of: name), index + 1 < words.count else {
                throw BenchError("\(directory)/kubeconfig has no \(name)")
            }
            return words[index + 1]
        }
        let engine = HTTPEngine(name: "bench")
        defer { engine.shutdown() }
        let client = HTTPClient(
            engine: engine,
            endpoint: try Endpoint(url: try word(after: "server:"), tls: TLSOptions(skipsVerification: true)))
        let token = try word(after: "token:")
        let request = HTTPClientRequest(
            path: path, headers: [("Authorization", "Bearer \(token)")], timeout: .seconds(30))
        let start = ContinuousClock.now
        let response = try await client.send(request)
        guard response.status == 200 else { throw BenchError("GET \(path): \(response.status)") }
        return (response.text, .now - start)
    }

    /// All records of a kind, as documents.
    func records(_ kind: String) async throws -> [Value] {
        let file = "\(options.directory)/\(kind).json"
        defer { unlink(file) }
        try await client(["get", kind, "-o", "json"], output: file)
        let document = try Value(json: readTextFile(file) ?? "")
        return document["items"]?.array ?? []
    }
}
