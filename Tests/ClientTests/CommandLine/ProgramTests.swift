import Client
import TestSupport
import Testing

struct ProgramTests {
    @Test("Every command has a help with description, options, examples and exit codes")
    func help() async throws {
        let overview = TestSession()
        #expect(await overview.run("--help") == .success)
        let names = overview.output.split(separator: "\n").filter { $0.hasPrefix("  ") }
            .compactMap { $0.dropFirst(2).split(separator: "  ").first.map(String.init) }
        #expect(names.contains("apply") && names.contains("report") && names.contains("backup prune"))
        for name in names {
            let session = TestSession()
            #expect(await session.run("\(name) --help") == .success, "\(name)")
            for part in ["lodestone \(name): ", "Usage: lodestone \(name)", "Options:", "Examples:", "Exit codes:"] {
                #expect(session.output.contains(part), "\(name) has no \(part)")
            }
            #expect(session.output.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(name) has long lines")
            let again = TestSession()
            #expect(await again.run("help \(name)") == .success)
            #expect(again.output == session.output)
        }
    }

    @Test(
        "Mistakes end with the code of the kind of mistake and one sentence on standard error",
        arguments: [
            ("", ExitCode.usage, ""),
            (
                "repot", .usage,
                "error: unknown command \"repot\"; did you mean \"report\"?\nSee \"lodestone --help\".\n"
            ),
            (
                "backup prune", .usage,
                "error: CLUSTER is missing: the name of the EtcdCluster\nSee \"lodestone backup prune --help\".\n"
            ),
            ("get ecc", .usage, "error: unknown kind \"ecc\"; did you mean \"ec\"?\nSee \"lodestone get --help\".\n"),
            (
                "get pods", .usage,
                "error: unknown kind \"pods\"; known are namespaces or ns, secrets, etcdclusters or ec, etcdinspections or ei, etcdbackups or eb, etcdmigrations or em, roles, rolebindings, accesstokens or token, events or ev\nSee \"lodestone get --help\".\n"
            ),
            (
                "get ec/", .usage,
                "error: \"ec/\" is no KIND/NAME, such as \"ec/orders\"\nSee \"lodestone get --help\".\n"
            ),
            ("get ec,eb x", .usage, "error: names can be given for one kind only\nSee \"lodestone get --help\".\n"),
            ("get ec,eb -w", .usage, "error: --watch follows one kind or one record\nSee \"lodestone get --help\".\n"),
            (
                "delete ec", .usage,
                "error: name the records to remove: all of a kind are never removed at once\nSee \"lodestone delete --help\".\n"
            ),
            (
                "delete", .usage,
                "error: name records (KIND NAME) or manifests (-f FILE)\nSee \"lodestone delete --help\".\n"
            ),
            (
                "wait", .usage,
                "error: name the records to wait for, such as ec/orders\nSee \"lodestone wait --help\".\n"
            ),
            (
                "wait ec/a --for ready", .usage,
                "error: \"--for ready\" is about the controller; for records write --for condition=Ready\nSee \"lodestone wait --help\".\n"
            ),
            (
                "report -o name", .usage,
                "error: -o name is not possible here; choose table, json or yaml\nSee \"lodestone report --help\".\n"
            ),
            ("apply -f nope.yaml", .failure, "error: nope.yaml: no such file or directory\n"),
            (
                "get ec --kubeconfig /nope", .unreachable,
                "error: the kubeconfig /nope cannot be read: no such file or directory\n"
            ),
        ])
    func mistakes(line: String, code: ExitCode, message: String) async {
        let session = TestSession()
        #expect(await session.run(line) == code)
        #expect(session.errors == message)
    }

    @Test("Without a kubeconfig the places looked at are named")
    func noKubeconfig() async {
        let session = TestSession(in: "/")
        let code = await session.run("get ec")
        // A machine with a controller of its own has one; then it is not to be reached by this test's wrong name.
        if code == .unreachable { #expect(session.errors.contains("lodestone controller")) }
        #expect(code != .success || session.errors.isEmpty)
    }

    @Test("Manifests with mistakes are told line by line before any controller is asked")
    func manifestMistakes() async {
        let session = TestSession()
        let text = """
            apiVersion: lodestone.dev/v1alpha1
            kind: EtcdCluster
            metadata:
              name: orders
            spec:
              version: 3.4.23
              sise: 3
              paused: maybe
            """
        #expect(await session.run("apply -f - --dry-run=client", input: text) == .failure)
        #expect(
            session.errors == """
                error: stdin:7: EtcdCluster "orders": spec.sise: unknown field "sise"; did you mean "size"?
                error: stdin:8: EtcdCluster "orders": spec.paused: must be true or false, not a string

                """)
        #expect(session.output.isEmpty)
    }

    @Test("A dry run by the client checks directories in the order of kinds")
    func dryRun() async throws {
        try await withTemporaryDirectory { directory in
            try writeTextFile(
                "\(directory)/a.yaml",
                "kind: EtcdBackup\napiVersion: lodestone.dev/v1alpha1\nmetadata: {name: b}\nspec: {clusterRef: {name: c}}\n"
            )
            try writeTextFile("\(directory)/b.yml", "kind: Namespace\napiVersion: v1\nmetadata: {name: n}\n")
            try writeTextFile("\(directory)/notes.txt", "not a manifest")
            let session = TestSession(in: directory)
            #expect(await session.run("apply -f . --dry-run=client") == .success)
            #expect(session.output == "namespace/n is valid (dry run)\netcdbackup/b is valid (dry run)\n")
            let empty = TestSession(in: "/")
            #expect(await empty.run("apply -f /proc/self/task --dry-run=client") == .failure)
            #expect(empty.errors == "error: /proc/self/task: holds no .yaml, .yml or .json file; try --recursive\n")
            let pipe = TestSession(in: "/")
            #expect(await pipe.run("apply -f - --dry-run=client", input: "# no record\n") == .failure)
            #expect(pipe.errors == "error: nothing to apply: stdin declares no record\n")
        }
    }
}
