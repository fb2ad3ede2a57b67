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
    static func start(in directory: String, _ options: BenchOptions) async throws -> Controller {
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
            options.lodestone, ["controller", "--data-dir", directory, "--listen", "127.0.0.1:\(port)"], output: log)
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
        in directory: String, _ options: BenchOptions, _ body: (Controller) async throws -> Result
    ) async throws -> Result {
        let controller = try await start(in: directory, options)
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

    /// All records of a kind, as documents.
    func records(_ kind: String) async throws -> [Value] {
        let file = "\(options.directory)/\(kind).json"
        defer { unlink(file) }
        try await client(["get", kind, "-o", "json"], output: file)
        let document = try Value(json: readTextFile(file) ?? "")
        return document["items"]?.array ?? []
    }
}
