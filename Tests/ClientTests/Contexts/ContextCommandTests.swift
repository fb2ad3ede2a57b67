@testable import Client
import Glibc
import TestSupport
import Testing

struct ContextCommandTests {
    private static func text(_ name: String, server: String = "https://127.0.0.1:1", current: String? = nil) -> String {
        """
        # written by hand
        apiVersion: v1
        kind: Config
        contexts:
        - {name: \(name), context: {cluster: c, user: u, namespace: of-\(name)}}
        - {name: both, context: {cluster: c, user: u, namespace: of-\(name)}}
        clusters: [{name: c, cluster: {server: "\(server)"}}]
        users: [{name: u, user: {token: secret-of-\(name)}}]
        \(current.map { "current-context: \($0)\n" } ?? "")
        """
    }

    private func withFiles(
        _ files: [String: String], _ body: (String, (String) async -> TestSession) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            for (name, text) in files { try writeTextFile("\(directory)/\(name)", text, mode: 0o600) }
            try await body(directory) { line in
                let session = TestSession(
                    in: directory, environment: ["KUBECONFIG": "\(directory)/a:\(directory)/missing:\(directory)/b"])
                _ = await session.run(line)
                return session
            }
        }
    }

    @Test(
        "Several files are one as for kubectl: the first entry of a name counts, whole, and the first current context")
    func merged() async throws {
        try await withFiles([
            "a": Self.text("one"), "b": Self.text("two", server: "https://127.0.0.1:2", current: "two"),
        ]) { directory, run in
            #expect(
                await run("context list").output == """
                    IN USE   NAME   SERVER                USER   NAMESPACE   FILE
                             one    https://127.0.0.1:1   u      of-one      \(directory)/a
                             both   https://127.0.0.1:1   u      of-one      \(directory)/a
                    *        two    https://127.0.0.1:1   u      of-two      \(directory)/b

                    """)
            #expect(await run("context list -o name").output == "one\nboth\ntwo\n")
            #expect(await run("context show -o name").output == "two\n")
            let shown = await run("context show --context both")
            #expect(shown.output.contains("Namespace  of-one\n") && shown.output.contains("Shown      a token\n"))
            #expect(!shown.output.contains("secret"))
            let unknown = await run("context show --context three")
            #expect(unknown.errors == "error: no kubeconfig here has a context \"three\"; there are one, both, two\n")
        }
    }

    @Test("The current context is changed where it is said, and nothing else in the file")
    func use() async throws {
        try await withFiles(["a": Self.text("one"), "b": Self.text("two", current: "two")]) { directory, run in
            let used = await run("context use both")
            #expect(used.output == "the context in use is both (\(directory)/b)\n", "\(used.errors)")
            #expect(readTextFile("\(directory)/b") == Self.text("two", current: "\"both\""))
            #expect(readTextFile("\(directory)/a") == Self.text("one"))
            var status = stat()
            #expect(stat("\(directory)/b", &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(await run("context show -o name").output == "both\n")
            let unknown = await run("context use three")
            #expect(unknown.errors.contains("no kubeconfig here has a context \"three\""))
        }
    }

    @Test("Where no file says it the first does, and one in JSON is written anew")
    func useAnew() async throws {
        try await withFiles(["a": Self.text("one"), "b": Self.text("two")]) { directory, run in
            #expect(await run("context use two").output == "the context in use is two (\(directory)/a)\n")
            #expect(readTextFile("\(directory)/a")?.hasSuffix("\ncurrent-context: \"two\"\n") == true)
        }
        let json = #"{"contexts": [{"name": "x", "context": {"cluster": "c"}}], "current-context": "y"}"#
        try await withFiles(["a": json]) { directory, run in
            #expect(await run("context use x").errors.isEmpty)
            let written = try #require(readTextFile("\(directory)/a"))
            #expect(written.contains("current-context: x\n") && written.contains("cluster: c"))
        }
    }

    @Test("A context that commands would not read here is not made the current one silently")
    func useElsewhere() async throws {
        try await withFiles(["a": Self.text("one", current: "one")]) { directory, run in
            #expect(mkdir("\(directory)/.lodestone", 0o700) == 0)
            try writeTextFile("\(directory)/.lodestone/kubeconfig", Self.text("near", current: "near"))
            let refused = await run("context use one")
            #expect(refused.errors.contains("comes first") && refused.errors.contains("--context"))
            #expect(await run("context show -o name").output == "near\n")
            // Named, it is found all the same.
            #expect(await run("context show -o name --context one").output == "one\n")
        }
    }

    @Test("A program is not run for a kubeconfig that somebody else may have put into the way")
    func planted() async throws {
        let planted = """
            current-context: c
            contexts: [{name: c, context: {cluster: k, user: u}}]
            clusters: [{name: k, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: u, user: {exec: {command: /bin/false, apiVersion: client.authentication.k8s.io/v1}}}]
            """
        try await withTemporaryDirectory { directory in
            #expect(mkdir("\(directory)/.lodestone", 0o700) == 0)
            let path = "\(directory)/.lodestone/kubeconfig"
            try writeTextFile(path, planted)
            #expect(chmod(path, 0o666) == 0)
            let session = TestSession(in: directory)
            #expect(await session.run("get ec") == .unreachable)
            #expect(session.errors.contains("was only found nearby"), "\(session.errors)")
            #expect(chmod(path, 0o600) == 0)
            let own = TestSession(in: directory)
            #expect(await own.run("get ec") == .unreachable)
            #expect(own.errors.contains("/bin/false of the kubeconfig"), "\(own.errors)")
        }
    }
}
