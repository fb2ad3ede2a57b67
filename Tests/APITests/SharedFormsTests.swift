@testable import API
import Model
import TestSupport
import Testing

/// What is written once for all who ask.
@Suite(.timeLimit(.minutes(5)))
struct SharedFormsTests {
    @Test("A change is written once for all who watch, whoever they are, and masked for each")
    func lines() async throws {
        let api = try await APIFixture()
        let otto = try await api.makeToken("otto", user: "otto", role: "operator")
        try await api.serving { server in
            let directory = try TemporaryDirectory("shared")
            var processes: [ChildProcess] = []
            for (number, token) in [APIFixture.token, otto, APIFixture.token].enumerated() {
                processes.append(
                    try await ChildProcess.start(
                        "/usr/bin/curl",
                        [
                            "-sSN", "--noproxy", "*", "-H", "Authorization: Bearer \(token)",
                            "\(server.url)\(Sample.secrets)?watch=true",
                        ], output: directory.file("out\(number)")))
            }
            defer { processes.forEach { $0.signal(9) } }
            try await eventually("all watches are open") { await api.openWatches == 3 }
            #expect(server.handler.shared.lines.figures.count == 0)
            _ = try await api.call("POST", Sample.secrets, Sample.secret("shared"))
            let seen = try await eventually("all are told") { () -> [String]? in
                let texts = (0..<3).map { readTextFile(directory.file("out\($0)")) ?? "" }
                return texts.allSatisfy { $0.contains("ADDED") } ? texts : nil
            }
            #expect(seen.map { $0.contains("c2VjcmV0") } == [true, false, true])
            #expect(server.handler.shared.lines.figures.count == 1)
        }
    }
}
