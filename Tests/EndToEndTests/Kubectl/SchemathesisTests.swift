import Model
import TestSupport
import Testing

/// Requests made from our own OpenAPI documents: no answer is a failure of the server, none breaks its schema.
///
/// In every run of the tests the same cases are made, so that a run fails for what was changed and not by luck; `make
/// soak` makes more and others.
@Suite(
    .timeLimit(.minutes(Soak.isLong ? 40 : 12)),
    .enabled(if: PythonCompanion.schemathesis != nil, "the Python package schemathesis is not installed"))
struct SchemathesisTests {
    @Test("Whatever the documents allow is answered as they say", arguments: ["apis/lodestone.dev/v1alpha1", "api/v1"])
    func document(path: String) async throws {
        let schemathesis = try #require(PythonCompanion.schemathesis)
        try await ControllerFixture.run { fixture, _ in
            // Names that are often tried, so that not every path ends in 404.
            try await fixture.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: \"0\"}\n")
            for kind in ["EtcdCluster", "Secret"] {
                let more =
                    kind == "Secret"
                    ? "apiVersion: v1\n"
                    : "apiVersion: lodestone.dev/v1alpha1\nspec: {provider: Imported, endpoints: [\"http://127.0.0.1:9\"]}\n"
                try await fixture.apply("kind: \(kind)\nmetadata: {name: \"0\", namespace: \"0\"}\n" + more)
            }
            let server = try #require(
                readTextFile(fixture.data + "/kubeconfig")?.split(separator: "\n")
                    .first { $0.contains("server: ") }?.split(separator: " ").last)
            let token = try #require(readTextFile(fixture.data + "/api/admin.token")).filter { !$0.isWhitespace }
            let examples = Soak.isLong ? 400 : 25
            let seed = Soak.isLong ? Soak.seed("schemathesis, \(path)") : 1
            let output = try await ChildProcess.run(
                // It keeps notes where it runs.
                "/bin/sh",
                [
                    "-c", "cd \"$HOME\" && exec \"$0\" \"$@\"", schemathesis, "run", "\(server)/openapi/v3/\(path)",
                    "--url", String(server), "-H",
                    "Authorization: Bearer \(token)",
                    "--tls-verify", fixture.data + "/api/ca.crt", "--phases", "fuzzing", "--max-examples",
                    "\(examples)", "--seed", "\(seed)",
                    // A slow machine is no finding, and looking for the smallest failure takes minutes.
                    "--suppress-health-check", "all", "--no-shrink",
                    "--request-timeout", "60", "--generation-database", "none", "--no-color", "--checks",
                    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                ], environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.data], timeout: .seconds(1800))
            #expect(output.status == 0, "\(Self.findings(output.output))\(output.errors.suffix(500))")
            let cases = output.output.split(separator: "\n").first { $0.contains(" generated, ") } ?? ""
            print("\(path):\(cases)")
        }
    }
    /// What is said of failures, without the advice before and after it.
    private static func findings(_ output: String) -> String {
        let lines = output.split(separator: "\n").drop { !$0.contains("= FAILURES =") && !$0.contains("= ERRORS =") }
        let text = lines.prefix { !$0.contains("= WARNINGS =") && !$0.contains("= SUMMARY =") }
        return text.isEmpty ? String(output.suffix(6_000)) : text.map { $0.prefix(600) }.joined(separator: "\n")
    }
}
