import API
import Crypto
import Glibc
import Model
import Store
import Telemetry
import TestSupport
import Testing
import Transport

/// The unmodified kubectl as a client, over TLS with the credentials of a first start.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Kubectl.isInstalled, "kubectl is not installed"))
struct KubectlTests {
    private static let manifest = """
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata:
          name: demo
          labels: {team: a}
        spec:
          provider: Local
          version: 3.4.23
        ---
        apiVersion: v1
        kind: Secret
        metadata:
          name: password
        stringData:
          password: secret
        """

    @Test("kubectl finds the kinds, their schemas, the server and its version")
    func discovers() async throws {
        try await Kubectl.serving { kubectl in
            let kinds = try await kubectl.run("api-resources", "--no-headers")
            for word in ["etcdclusters", "etcdinspections", "etcdbackups", "secrets", "events", "namespaces"] {
                #expect(kinds.output.contains(word), "\(word)")
            }
            #expect(
                try await kubectl.run("api-versions").output
                    == "authentication.k8s.io/v1\nauthorization.k8s.io/v1\nlodestone.dev/v1alpha1\nv1\n")
            #expect(try await kubectl.run("version").output.contains("Server Version: v1.32.0+lodestone"))
            #expect(try await kubectl.run("cluster-info").output.contains("is running at"))
            let explained = try await kubectl.run("explain", "etcdcluster.spec.provider")
            #expect(explained.output.contains("<string>") && explained.output.contains("Imported"), "\(explained)")
            let tree = try await kubectl.run("explain", "ec", "--recursive")
            #expect(tree.output.contains("retention") && tree.output.contains("finalizers"), "\(tree.errors)")
        }
    }

    @Test("kubectl applies, shows, changes and deletes")
    func applies() async throws {
        try await Kubectl.serving { kubectl in
            let file = try kubectl.file(Self.manifest)
            let first = try await kubectl.run("apply", "-f", file)
            #expect(
                first.output == "etcdcluster.lodestone.dev/demo created\nsecret/password created\n", "\(first.errors)")
            let again = try await kubectl.run("apply", "-f", file)
            #expect(
                again.output == "etcdcluster.lodestone.dev/demo unchanged\nsecret/password configured\n"
                    || again.output == "etcdcluster.lodestone.dev/demo unchanged\nsecret/password unchanged\n",
                "\(again)")
            let changed = try kubectl.file(Self.manifest + "\n  user: admin\n")
            #expect(try await kubectl.run("apply", "-f", changed).output.contains("secret/password configured"))
            let secret = try await kubectl.run("get", "secret", "password", "-o", "jsonpath={.data.user}")
            #expect(secret.output == "YWRtaW4=")

            let table = try await kubectl.run("get", "ec", "-A")
            #expect(table.output.hasPrefix("NAMESPACE   NAME   PHASE") && table.output.contains("default     demo"))
            #expect(try await kubectl.run("get", "ec", "-o", "wide", "--show-labels").output.contains("team=a"))
            #expect(try await kubectl.run("get", "all").output.contains("etcdcluster.lodestone.dev/demo"))
            let yaml = try await kubectl.run("get", "ec", "demo", "-o", "yaml")
            #expect(yaml.output.contains("size: 3") && yaml.output.contains("kind: EtcdCluster"))
            #expect(try await kubectl.run("get", "ec", "-l", "team=b").errors.contains("No resources found"))
            #expect(try await kubectl.run("label", "ec/demo", "tier=gold").output.contains("labeled"))
            #expect(try await kubectl.run("annotate", "ec/demo", "note=hello").output.contains("annotated"))
            let patch = ["patch", "ec/demo", "--type=merge", "-p", #"{"spec":{"paused":true}}"#]
            #expect(try await kubectl.run(patch).output == "etcdcluster.lodestone.dev/demo patched\n")
            #expect(try await kubectl.run(patch).output.contains("(no change)"))
            let diff = try await kubectl.run("diff", "-f", file)
            #expect(diff.status == 0, "\(diff)")
            let described = try await kubectl.run("describe", "ec", "demo")
            #expect(described.output.contains("Name:         demo") && described.output.contains("Events:"))
            #expect(
                try await kubectl.run("replace", "-f", file).output.contains("etcdcluster.lodestone.dev/demo replaced"))
            let deleted = try await kubectl.run("delete", "-f", file)
            #expect(deleted.status == 0 && deleted.output.contains("\"demo\" deleted"), "\(deleted)")
            let gone = try await kubectl.run("get", "ec", "demo")
            let words = "Error from server (NotFound): etcdclusters.lodestone.dev \"demo\" not found\n"
            #expect(gone.status == 1 && gone.errors == words)
        }
    }

    @Test("kubectl says what is wrong with a record")
    func refusals() async throws {
        try await Kubectl.serving { kubectl in
            let unknown = try kubectl.file(Self.manifest.replacing("provider:", with: "provdier:"))
            let first = try await kubectl.run("apply", "-f", unknown)
            #expect(first.status == 1 && first.errors.contains("did you mean \"provider\"?"), "\(first)")
            let invalid = try kubectl.file(Self.manifest.replacing("Local", with: "Cloud"))
            let second = try await kubectl.run("create", "-f", invalid)
            #expect(second.errors.contains("EtcdCluster \"demo\" is invalid: spec.provider: \"Cloud\""), "\(second)")
            let unknownKind = try kubectl.file(Self.manifest.replacing("kind: EtcdCluster", with: "kind: EtcdThing"))
            let third = try await kubectl.run("apply", "-f", unknownKind)
            #expect(third.errors.contains("no matches for kind \"EtcdThing\""), "\(third)")
            let stranger = try await kubectl.run("get", "ec", "--token=wrong-token")
            #expect(stranger.status == 1 && stranger.errors.contains("Unauthorized"), "\(stranger)")
        }
    }

    @Test("kubectl watches, and waits for conditions and for removals")
    func watches() async throws {
        try await Kubectl.serving { kubectl in
            let file = try kubectl.file(Self.manifest)
            _ = try await kubectl.run("apply", "-f", file)
            let watcher = try await kubectl.start("get", "ec", "-w", "--output-watch-events")
            try await eventually("the watch shows what there is") { watcher.output.contains("ADDED      demo") }
            _ = try await kubectl.run("label", "ec/demo", "x=y")
            try await eventually("the watch shows the change") { watcher.output.contains("MODIFIED   demo") }

            let waiting = try await kubectl.start("wait", "--for=condition=Ready", "ec/demo", "--timeout=20s")
            let status = #"{"status":{"conditions":[{"type":"Ready","status":"True","observedGeneration":1}]}}"#
            let written = try await kubectl.run(
                "patch", "ec/demo", "--subresource=status", "--type=merge", "-p", status)
            #expect(written.status == 0, "\(written)")
            #expect(try await waiting.exitCode() == 0)
            #expect(waiting.output.contains("condition met"))

            _ = try await kubectl.run(
                "patch", "ec/demo", "--type=merge", "-p", #"{"metadata":{"finalizers":["lodestone.dev/members"]}}"#)
            let deleting = try await kubectl.start("delete", "ec/demo", "--timeout=20s")
            try await eventually("the record is marked") {
                try await kubectl.run("get", "ec/demo", "-o", "jsonpath={.metadata.deletionTimestamp}").output != ""
            }
            _ = try await kubectl.run(
                "patch", "ec/demo", "--type=merge", "-p", #"{"metadata":{"finalizers":null}}"#)
            #expect(try await deleting.exitCode() == 0)
            try await eventually("the watch shows the removal") { watcher.output.contains("DELETED    demo") }
        }
    }

    @Test("kubectl shows the events of a record")
    func events() async throws {
        try await Kubectl.serving { kubectl in
            _ = try await kubectl.run("apply", "-f", try kubectl.file(Self.manifest))
            var event = Event()
            event.metadata = ObjectMeta(name: "demo.1")
            event.involvedObject = ObjectReference(
                to: try await kubectl.store.get(EtcdCluster.self, named: "demo", in: "default"))
            event.reason = "MemberStarted"
            event.message = "member demo-0 was started"
            event.firstTimestamp = .now
            event.lastTimestamp = .now
            try await kubectl.store.create(event)
            #expect(try await kubectl.run("describe", "ec/demo").output.contains("MemberStarted"))
            #expect(try await kubectl.run("events", "--for", "ec/demo").output.contains("MemberStarted"))
            #expect(try await kubectl.run("get", "events").output.contains("member demo-0 was started"))
        }
    }
}

/// kubectl with a configuration and a cache of its own, and the server it talks to.
struct Kubectl {
    static let path = "/usr/bin/kubectl"
    static var isInstalled: Bool { access(path, X_OK) == 0 }

    /// The versions that stand beside the one that chooses between them, the oldest and the newest; or that one alone.
    static let programs: [String] = {
        guard let real = realpath(path, nil) else { return [path] }
        defer { free(real) }
        let chooser = String(cString: real)
        let all: [String] = (28...33).map { minor in "\(chooser).1.\(minor)" }.filter { access($0, X_OK) == 0 }
        guard let oldest = all.first, let newest = all.last else { return [path] }
        return oldest == newest ? [oldest] : [oldest, newest]
    }()

    let store: RecordStore
    private let program: String
    private let directory: TemporaryDirectory
    private let kubeconfig: String

    static func serving(_ program: String = path, _ body: (Kubectl) async throws -> Void) async throws {
        let directory = try TemporaryDirectory("kubectl")
        let credentials = try APICredentials(in: directory.path, hosts: ["127.0.0.1", "localhost"])
        let api = try await APIFixture { options in
            options.tokens = BearerTokens([(credentials.adminToken, "admin")])
            options.listener.tls = HTTPServerOptions.TLS(
                certificatePEM: credentials.server.certificatePEM, privateKeyPEM: credentials.server.privateKeyPEM)
        }
        try await api.serving { server in
            try credentials.writeKubeconfig(url: server.url)
            try await body(
                Kubectl(
                    store: api.store, program: program, directory: directory, kubeconfig: credentials.kubeconfigPath))
        }
    }

    /// A file with some text.
    func file(_ text: String) throws -> String {
        let path = directory.file("file-\(UInt32.random(in: 0 ... .max)).yaml")
        try writeTextFile(path, text)
        return path
    }

    func run(_ arguments: String...) async throws -> ChildProcess.Output {
        try await run(arguments)
    }

    func run(_ arguments: [String]) async throws -> ChildProcess.Output {
        try await ChildProcess.run(program, arguments, environment: environment)
    }

    func start(_ arguments: String...) async throws -> Running {
        let output = directory.file("output-\(UInt32.random(in: 0 ... .max))")
        let process = try await ChildProcess.start(program, arguments, environment: environment, output: output)
        return Running(process: process, file: output)
    }

    private var environment: [String: String] {
        ["PATH": "/usr/bin:/bin", "HOME": directory.path, "KUBECONFIG": kubeconfig]
    }

    /// A kubectl that goes on while the test does.
    final class Running: Sendable {
        private let process: ChildProcess
        private let file: String

        init(process: ChildProcess, file: String) {
            self.process = process
            self.file = file
        }

        deinit {
            process.signal(9)
        }

        var output: String { readTextFile(file) ?? "" }

        func exitCode() async throws -> Int32 {
            try await process.waitForExit(timeout: .seconds(30))
        }
    }
}
