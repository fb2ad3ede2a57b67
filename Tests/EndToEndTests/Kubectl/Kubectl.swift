import Glibc
import TestSupport
import Testing

/// kubectl as a person uses it, against a controller of the executable, with a cache of its own.
struct Kubectl: Sendable {
    private let binary: KubectlBinary
    private let fixture: ControllerFixture
    private let home: String
    private var extraEnvironment: [String: String] = [:]
    private var kubeconfig: String

    /// Runs `body` with a fresh controller and one version of kubectl.
    static func run(
        _ binary: KubectlBinary, _ body: (Kubectl, ControllerFixture) async throws -> Void
    ) async throws {
        try await ControllerFixture.run { fixture, _ in
            let home = fixture.file("home")
            mkdir(home, 0o700)
            try await body(
                Kubectl(binary: binary, fixture: fixture, home: home, kubeconfig: fixture.data + "/kubeconfig"), fixture
            )
        }
    }

    private init(binary: KubectlBinary, fixture: ControllerFixture, home: String, kubeconfig: String) {
        (self.binary, self.fixture, self.home, self.kubeconfig) = (binary, fixture, home, kubeconfig)
    }

    var version: KubectlBinary { binary }

    /// The same with a variable more in the environment.
    func with(_ name: String, _ value: String) -> Kubectl {
        var other = self
        other.extraEnvironment[name] = value
        return other
    }

    /// The same as somebody else.
    func with(kubeconfig: String) -> Kubectl {
        var other = self
        other.kubeconfig = kubeconfig
        return other
    }

    /// What a command printed that must succeed.
    @discardableResult
    func callAsFunction(
        _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let output = try await run(arguments)
        #expect(
            output.status == 0, "kubectl \(arguments.joined(separator: " ")): \(output.output)\(output.errors)",
            sourceLocation: sourceLocation)
        return output.output
    }

    /// What a command said that must fail.
    @discardableResult
    func refused(
        _ arguments: String..., status: Int32 = 1, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let output = try await run(arguments)
        #expect(
            output.status == status, "kubectl \(arguments.joined(separator: " ")): \(output.output)\(output.errors)",
            sourceLocation: sourceLocation)
        return output.errors
    }

    /// All of what a command left.
    func outcome(_ arguments: String...) async throws -> ChildProcess.Output {
        try await run(arguments)
    }

    private func run(_ arguments: [String]) async throws -> ChildProcess.Output {
        try await ChildProcess.run(binary.path, arguments, environment: environment, timeout: .seconds(60))
    }

    private var environment: [String: String] {
        ["PATH": "\(home)/bin:/usr/bin:/bin", "HOME": home, "KUBECONFIG": kubeconfig]
            .merging(extraEnvironment) { $1 }
    }

    /// A file with some text, which may be executed.
    func file(_ text: String) throws -> String {
        let path = fixture.file("file-\(UInt32.random(in: 0 ... .max)).yaml")
        try writeTextFile(path, text)
        chmod(path, 0o700)
        return path
    }

    /// A command that goes on while the test does.
    func start(_ arguments: String...) async throws -> Running {
        let output = fixture.file("output-\(UInt32.random(in: 0 ... .max))")
        return Running(
            process: try await ChildProcess.start(binary.path, arguments, environment: environment, output: output),
            file: output)
    }

    /// A kubectl that runs; it ends with the test.
    final class Running: Sendable {
        private let process: ChildProcess
        private let file: String

        init(process: ChildProcess, file: String) {
            (self.process, self.file) = (process, file)
        }

        deinit {
            process.signal(SIGKILL)
        }

        /// What it has printed so far.
        var output: String { readTextFile(file) ?? "" }

        func exitCode() async throws -> Int32 {
            try await process.waitForExit(timeout: .seconds(30))
        }
    }

    /// A record of an imported cluster, of which nothing is started.
    static func cluster(_ name: String, labels: String = "", more: String = "") -> String {
        """
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata:
          name: \(name)\(labels.isEmpty ? "" : "\n  labels: {\(labels)}")
        spec:
          provider: Imported
          endpoints: ["http://127.0.0.1:9"]
        \(more)
        """
    }
}
