@testable import Client
import TestSupport
import Testing

struct CompletionAnswerTests {
    private func complete(_ line: String, in session: TestSession) async -> [String] {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        #expect(await session.run(["__complete"] + words) == .success)
        return session.output.split(separator: "\n").map(String.init)
    }

    @Test("Names of records, namespaces and contexts are looked up")
    func names() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            for name in ["orders", "other", "bills"] {
                _ = try await fixture.run("apply -f -", input: Sample.cluster(name))
            }
            #expect(await complete("get ec o", in: fixture.session()) == ["orders", "other", ":4"])
            #expect(await complete("describe ec/b", in: fixture.session()) == ["ec/bills", ":4"])
            #expect(await complete("backup prune b", in: fixture.session()) == ["bills", ":4"])
            #expect(await complete("get ec -n d", in: fixture.session()) == ["default", ":4"])
            #expect(await complete("get ec -n nowhere o", in: fixture.session()) == [":4"])
            let contexts = await complete("get --context l", in: fixture.session())
            #expect(contexts == ["lodestone\t\(fixture.kubeconfig)", ":4"])
        }
        let began = ContinuousClock.now
        #expect(await complete("get ec o", in: fixture.session()) == [":4"])
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    @Test("Without any controller what is known is offered, and nothing is said of the rest")
    func alone() async {
        let session = TestSession(in: "/nowhere")
        let answer = await complete("get -o ", in: session)
        #expect(answer == ["table", "wide", "json", "yaml", "name", ":4"])
        #expect(session.errors.isEmpty)
        #expect(await complete("get ec ", in: TestSession(in: "/nowhere")) == [":4"])
        #expect(await complete("apply -f ", in: TestSession(in: "/nowhere")) == [":0"])
        #expect(await complete("load --", in: TestSession(in: "/nowhere")).last == ":4")
        let kinds = await complete("get etcdc", in: TestSession(in: "/nowhere"))
        #expect(kinds == ["etcdclusters\tEtcdCluster", ":4"])
    }

    @Test("kubectl completes the plugin by a name of its own")
    func plugin() async {
        let session = TestSession(in: "/nowhere", program: .pluginCompletion)
        #expect(await session.run(["get", "-o", "j"]) == .success)
        #expect(session.output == "json\n:4\n")
    }

    @Test("Scripts are printed for three shells and no other")
    func scripts() async {
        for shell in ["bash", "zsh", "fish"] {
            let session = TestSession()
            #expect(await session.run("completion \(shell)") == .success)
            #expect(session.output.contains("__complete"))
        }
        let session = TestSession()
        #expect(await session.run("completion powershell") == .usage)
        #expect(session.errors.contains("there is no completion for \"powershell\""))
    }
}
