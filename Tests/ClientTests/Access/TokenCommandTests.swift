import Client
import Crypto
import Model
import TestSupport
import Testing

struct TokenCommandTests {
    private func token(_ fixture: ControllerFixture, _ name: String) async throws -> AccessToken {
        let text = try await fixture.run("get token \(name) -o json")
        return try AccessToken(document: try Value(json: Array(text.utf8)))
    }

    @Test("A token is printed once and alone; the controller gets its digest and nothing else")
    func create() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            let now = try #require(Timestamp("2026-11-21T12:00:00Z"))
            let session = fixture.session(now: now)
            #expect(await session.run("token create ci --user ci --group dev --group ops --expires 1h") == .success)
            let secret = session.output.split(separator: "\n").map(String.init)
            #expect(secret.count == 1 && secret[0].hasPrefix("lodestone_") && secret[0].count == 10 + 64)
            #expect(
                session.errors
                    == "accesstoken/ci created for ci until 2026-11-21T13:00:00Z; the token is not shown again\n")
            let record = try await token(fixture, "ci")
            #expect(record.spec.digest == BearerSecret.digest(of: secret[0]))
            #expect(record.spec.user == "ci" && record.spec.groups == ["dev", "ops"])
            #expect(record.spec.expires == Timestamp("2026-11-21T13:00:00Z"))
            #expect(!(try await fixture.run("get token ci -o yaml")).contains(secret[0].dropFirst(10)))

            let again = fixture.session()
            #expect(await again.run("token create ci --user ci") == .failure)
            #expect(again.output.isEmpty && again.errors.contains("already exists"))

            let other = try Value(json: Array(try await fixture.run("token create x --user y -o json").utf8))
            #expect(other["token"]?.string != secret[0] && other["user"] == "y")
            _ = try await fixture.run("token create forever --user y --expires 0s")
            #expect(try await token(fixture, "forever").spec.expires == nil)
        }
    }

    @Test("Tokens are listed with what they can, and revoked for good")
    func revoke() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("token create ci --user ci")
            #expect(
                try await fixture.run("token create nothing --user ci --dry-run")
                    == "accesstoken/nothing created (dry run)\n")
            #expect(try await fixture.run("token list -o name") == "accesstoken/ci\n")
            #expect(try await fixture.run("token revoke ci --dry-run") == "accesstoken/ci revoked (dry run)\n")
            #expect(try await fixture.run("token list").contains("Active"))
            #expect(try await fixture.run("token revoke ci") == "accesstoken/ci revoked\n")
            #expect(try await fixture.run("token list").contains("Revoked"))
            _ = try await fixture.run("token revoke nobody", .failure)
        }
    }

    @Test(
        "What makes no token is told before anything is asked",
        arguments: [
            ("token create ci", "name the user"),
            ("kubeconfig", "name either a user"), ("kubeconfig --user a --token-file b", "name either a user"),
            ("kubeconfig --user a --server http://x", "must begin with https://"),
            ("kubeconfig --token-file a --group b", "has its user, groups and name"),
        ])
    func mistakes(line: String, reason: String) async {
        let session = TestSession()
        #expect(await session.run(line) == .usage)
        #expect(session.errors.contains(reason), "\(session.errors)")
    }
}
