import Glibc
import Model
import TestSupport

/// The executable as a person meets it: a controller in a directory of its own, and the command line beside it.
final class ControllerFixture: Sendable {
    /// The data directory of the controller.
    let data: String
    /// The API's port, and the first of the ports for members.
    private let port: Int
    private let memberPorts: ClosedRange<Int>
    private let directory: TemporaryDirectory
    private let extraArguments: [String]

    /// What a command of the executable left.
    typealias Output = ChildProcess.Output

    private init(extraArguments: [String]) throws {
        directory = try TemporaryDirectory("controller")
        data = directory.file("data")
        port = try FreePort.next()
        memberPorts = try FreePort.range(of: 40)
        self.extraArguments = extraArguments
    }

    /// Runs `body` with a fresh controller, and ends it and its members in all cases.
    static func run(
        extraArguments: [String] = [], _ body: (ControllerFixture, inout ChildProcess) async throws -> Void
    ) async throws {
        let fixture = try ControllerFixture(extraArguments: extraArguments)
        var controller = try await fixture.start()
        do {
            try await fixture.waitUntilReady()
            try await body(fixture, &controller)
        } catch {
            print("The controller's last words:\n\(fixture.lastWords)")
            try? await controller.end()  // The first error is the one to tell.
            endMembers(under: fixture.data)
            throw error
        }
        try await controller.end()
        endMembers(under: fixture.data)
    }

    /// The path of the executable that belongs to these tests.
    static let executable: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/lodestone"
    }()

    /// Starts a controller on the data directory; there may only be one at a time.
    func start() async throws -> ChildProcess {
        try await ChildProcess.start(
            Self.executable,
            [
                "controller", "--data-dir", data, "--listen", "127.0.0.1:\(port)", "--member-ports",
                "\(memberPorts.lowerBound)-\(memberPorts.upperBound)",
            ] + extraArguments, output: directory.file("controller.log"))
    }

    func waitUntilReady() async throws {
        try await eventually("the controller is ready", timeout: .seconds(60), poll: .milliseconds(50)) {
            try await self.lodestone("wait", "--for", "ready", "--timeout", "1s").status == 0
        }
    }

    /// The end of the controller's log.
    var lastWords: String {
        let lines = (readTextFile(directory.file("controller.log")) ?? "").split(separator: "\n")
        return lines.suffix(25).joined(separator: "\n")
    }

    /// Runs a command of the executable against this controller.
    func lodestone(_ arguments: String..., timeout: Duration = .seconds(120)) async throws -> Output {
        try await run(arguments, timeout)
    }

    /// Runs a command of the executable against this controller.
    func lodestone(all arguments: [String], timeout: Duration = .seconds(120)) async throws -> Output {
        try await run(arguments, timeout)
    }

    /// Runs a command that must succeed, and returns what it printed.
    @discardableResult
    func succeed(_ arguments: String..., timeout: Duration = .seconds(120)) async throws -> String {
        try await succeed(all: arguments, timeout: timeout)
    }

    /// Runs a command that must succeed, and returns what it printed.
    @discardableResult
    func succeed(all arguments: [String], timeout: Duration = .seconds(120)) async throws -> String {
        let output = try await run(arguments, timeout)
        guard output.status == 0 else {
            throw TestSupportError(
                "lodestone \(arguments.joined(separator: " ")) ended with \(output.status): \(output.errors)")
        }
        return output.output
    }

    private func run(_ arguments: [String], _ timeout: Duration) async throws -> Output {
        try await ChildProcess.run(
            Self.executable, arguments,
            environment: ["PATH": "/usr/bin:/bin", "LODESTONE_KUBECONFIG": data + "/kubeconfig"], timeout: timeout)
    }

    /// Applies a manifest given as text.
    @discardableResult
    func apply(_ manifest: String) async throws -> Output {
        let path = directory.file("manifest-\(UInt32.random(in: 0 ... .max)).yaml")
        try writeTextFile(path, manifest)
        return try await lodestone("apply", "-f", path)
    }

    /// A record as the API has it, or nil if there is none.
    func record<Record: Resource>(_ type: Record.Type, _ name: String) async throws -> Record? {
        let output = try await lodestone("get", Record.kind.singular, name, "-o", "json")
        guard output.status == 0 else { return nil }
        return try Record(document: Value(json: output.output))
    }

    /// All records of a kind.
    func records<Record: Resource>(_ type: Record.Type) async throws -> [Record] {
        let list = try Value(json: try await succeed("get", Record.kind.singular, "-o", "json"))
        return try (list["items"]?.array ?? []).map { try Record(document: $0) }
    }

    /// Waits until a cluster is in a phase.
    @discardableResult
    func waitForCluster(
        _ name: String, _ phase: ClusterPhase = .running, timeout: Duration = .seconds(90)
    ) async throws -> EtcdCluster {
        try await eventually("cluster \(name) is \(phase.rawValue)", timeout: timeout) { () -> EtcdCluster? in
            guard let cluster = try await self.record(EtcdCluster.self, name) else { return nil }
            guard cluster.status.phase == phase else {
                let members = cluster.status.members.map { "\($0.name): \($0.message)" }.joined(separator: ", ")
                throw TestSupportError("It is \(cluster.status.phase.rawValue); \(members)")
            }
            return cluster
        }
    }

    /// The processes of members that run on this controller's data.
    var members: [Int32] { runningMembers(under: data) }

    /// The path of a file beside the data directory.
    func file(_ name: String) -> String { directory.file(name) }

    /// A manifest of a Local cluster.
    static func manifest(_ name: String, size: Int = 3, more: String = "") -> String {
        """
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata:
          name: \(name)
        spec:
          version: "3.4.23"
          size: \(size)
        \(more)
        """
    }
}
