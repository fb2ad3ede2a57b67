import Glibc
import Model
import TestSupport
import Testing

/// Every kind of bad input gets one clear sentence that names record, field and remedy, and nothing is lost.
@Suite(.timeLimit(.minutes(15)))
struct BadInputTests {
    private static let head = "apiVersion: lodestone.dev/v1alpha1\nkind: EtcdCluster\nmetadata:\n  name: bad\nspec:\n"

    @Test("Manifests that cannot be accepted are refused with line, field and remedy, and change nothing")
    func manifests() async throws {
        let cases: [(manifest: String, words: [String])] = [
            ("kind: [", [".yaml:2", "this is not YAML"]),
            (Self.head + "  version: \"3.4.23\"\n  sise: 3\n", [".yaml:7", "spec.sise", "did you mean \"size\"?"]),
            (Self.head + "  version: 3.4\n", [".yaml:6", "spec.version", "put it in quotes"]),
            (Self.head + "  version: \"3.4.23\"\n  size: 99999999999999999999\n", ["spec.size"]),
            (Self.head + "  version: \"3.4.23\"\n  size: 4\n", ["spec.size", "choose 1, 3, 5 or 7"]),
            (Self.head + "  version: \"3.4.23\"\n  args: {data-dir: /x}\n", ["spec.args.data-dir"]),
            (
                Self.head + "  version: \"3.4.23\"\n---\n" + Self.head + "  version: \"3.4.23\"\n",
                ["bad"]
            ),
            ("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n", ["Pod"]),
        ]
        try await ControllerFixture.run { fixture, _ in
            for (manifest, words) in cases {
                let output = try await fixture.apply(manifest)
                #expect(output.status != 0, "\(manifest)")
                for word in words {
                    #expect(output.errors.contains(word), "\(word) is missing in: \(output.errors)")
                }
            }
            #expect(try await fixture.records(EtcdCluster.self).isEmpty)
        }
    }

    @Test("Changes of a running cluster that are not built yet are refused, never ignored")
    func notBuiltYet() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
            let output = try await fixture.apply(ControllerFixture.manifest("orders", size: 3))
            #expect(output.status == 1)
            #expect(output.errors.contains("spec.size") && output.errors.contains("not built yet"), "\(output.errors)")
            #expect(try await fixture.record(EtcdCluster.self, "orders")?.spec.size == 1)
        }
    }

    @Test("Members behind TLS and passwords are inspected and backed up; wrong ones are told apart")
    func imported() async throws {
        try await ControllerFixture.run { fixture, _ in
            try await withRealEtcd { etcd in
                try await etcd.etcdctl("user", "add", "root:secret")
                try await etcd.etcdctl("user", "grant-role", "root", "root")
                try await etcd.etcdctl("auth", "enable")
                func manifest(_ name: String, password: String, endpoint: String) -> String {
                    """
                    apiVersion: v1
                    kind: Secret
                    metadata: {name: \(name)}
                    stringData: {username: root, password: \(password)}
                    ---
                    apiVersion: lodestone.dev/v1alpha1
                    kind: EtcdCluster
                    metadata: {name: \(name)}
                    spec:
                      provider: Imported
                      endpoints: ["\(endpoint)"]
                      auth: {secretRef: {name: \(name)}}
                      backup: {interval: 1h}
                    """
                }
                let endpoint = etcd.endpoints[0]
                try await fixture.apply(manifest("right", password: "secret", endpoint: endpoint))
                try await fixture.apply(manifest("wrong", password: "guess", endpoint: endpoint))
                let port = try FreePort.next()
                try await fixture.apply(manifest("nobody", password: "x", endpoint: "http://127.0.0.1:\(port)"))
                try await fixture.waitForCluster("right")
                try await eventually("the first backup is made", timeout: .seconds(60)) {
                    try await fixture.record(EtcdCluster.self, "right")?.status.backup?.kept == 1
                }
                try await eventually("the wrong password is told", timeout: .seconds(60)) {
                    let inspection = try await fixture.record(EtcdInspection.self, "wrong-health")
                    return inspection?.status.findings.contains { $0.code == "AccessRefused" } == true
                }
                try await eventually("the dead endpoint is told", timeout: .seconds(60)) {
                    let inspection = try await fixture.record(EtcdInspection.self, "nobody-health")
                    return inspection?.status.findings.contains { $0.code == "ClusterUnreachable" } == true
                }
                let secrets = try await fixture.succeed("report") + fixture.lastWords
                #expect(!secrets.contains("guess"))
            }
        }
    }

    @Test("A store file that is damaged is refused at the start in one sentence, and left as it is")
    func damagedStore() async throws {
        try await ControllerFixture.run { fixture, controller in
            try await controller.end()
            let store = fixture.data + "/store.db"
            removeTree(store + "-wal")
            try writeTextFile(store, String(repeating: "this is no database ", count: 500))
            let before = readTextFile(store)
            controller = try await fixture.start()
            #expect(try await controller.waitForExit(timeout: .seconds(30)) == 1)
            #expect(fixture.lastWords.contains("store.db"), "\(fixture.lastWords)")
            #expect(readTextFile(store) == before)
        }
    }

    @Test("A second controller on the same data is refused and names the first")
    func secondController() async throws {
        try await ControllerFixture.run { fixture, controller in
            let second = try await fixture.start()
            #expect(try await second.waitForExit(timeout: .seconds(30)) == 1)
            #expect(fixture.lastWords.contains("\(controller.pid)"), "\(fixture.lastWords)")
        }
    }

    @Test("A backup directory on a full disk fails the backup visibly and leaves nothing listed")
    func fullDisk() async throws {
        try await withTemporaryDirectory("full") { directory in
            let mounted = try await ChildProcess.run(
                "/usr/bin/mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory])
            guard mounted.status == 0 else {
                print("skipped: a small tmpfs cannot be mounted here: \(mounted.errors)")
                return
            }
            do {
                try await ControllerFixture.run { fixture, _ in
                    try await fixture.apply(ControllerFixture.manifest("orders", size: 1))
                    try await fixture.waitForCluster("orders")
                    // More than fits even when compressed: the disk is full in the middle of the data.
                    try await fixture.succeed("load", "orders", "--keys", "5000")
                    try await fixture.apply(
                        ControllerFixture.manifest(
                            "orders", size: 1,
                            more: "  backup: {interval: 1h, storage: {type: Directory, path: \"\(directory)/b\"}}"))
                    try await eventually("the failure is told", timeout: .seconds(90)) {
                        let backups = try await fixture.records(EtcdBackup.self)
                        return backups.contains {
                            $0.status.message.contains("space") || $0.status.message.contains("full")
                        }
                    }
                    #expect(try await fixture.record(EtcdCluster.self, "orders")?.status.backup?.kept == 0)
                }
            } catch {
                _ = try? await ChildProcess.run("/usr/bin/umount", [directory])  // The first error is the one to tell.
                throw error
            }
            _ = try await ChildProcess.run("/usr/bin/umount", [directory])
        }
    }
}
