@testable import Client
import TestSupport
import Testing

struct ProgramNameTests {
    @Test("The executable knows by which name it was called")
    func names() {
        #expect(ProgramName(path: "/usr/local/bin/kubectl-lodestone") == .plugin)
        #expect(ProgramName(path: "kubectl_complete-lodestone") == .pluginCompletion)
        #expect(ProgramName(path: "./lodestone") == .lodestone)
        #expect(ProgramName(path: "") == .lodestone)
    }

    @Test("As a plugin it speaks of itself as people call it, in every command")
    func words() async {
        let overview = TestSession(program: .plugin)
        #expect(await overview.run("--help") == .success)
        #expect(
            overview.output.contains("Usage: kubectl lodestone COMMAND") && overview.output.contains("~/.kube/config"))
        for command in Program.clientCommands {
            let session = TestSession(program: .plugin)
            #expect(await session.run("help \(command.name)") == .success)
            #expect(session.output.contains("Usage: kubectl lodestone \(command.name)"))
            let mistaken = session.output.split(separator: "\n").filter { line in
                line.contains("\"lodestone ") || line.hasPrefix("  lodestone ")
            }
            #expect(mistaken.isEmpty, "\(command.name): \(mistaken)")
        }
        let wrong = TestSession(program: .plugin)
        #expect(await wrong.run("get pods") == .usage)
        #expect(wrong.errors.hasSuffix("See \"kubectl lodestone get --help\".\n"))
    }

    @Test("As a plugin it talks to what kubectl talks to, whatever else is there")
    func server() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            let own = TestSession(
                in: fixture.directory.path, environment: ["LODESTONE_KUBECONFIG": fixture.kubeconfig],
                program: .plugin)
            #expect(await own.run("get ns") == .unreachable)
            #expect(own.errors.contains("kubectl has no kubeconfig"))
            let shared = TestSession(environment: ["KUBECONFIG": fixture.kubeconfig], program: .plugin)
            #expect(await shared.run("get ec") == .success)
            #expect(shared.errors == "no etcdclusters in namespace default\n")
        }
    }
}
