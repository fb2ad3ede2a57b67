@testable import Client
import Model
import TestSupport
import Testing

struct ServerSideApplyTests {
    private static let manifest = """
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata:
          name: orders
          labels: {team: red}
        spec:
          version: 3.4.23
          paused: true

        """

    private func record(_ fixture: ControllerFixture) async throws -> Value {
        try Value(json: Array(try await fixture.run("get ec orders -o json --show-managed-fields").utf8))
    }

    private func managers(_ record: Value) -> [String] {
        (record[path: "metadata", "managedFields"]?.array ?? []).map {
            "\($0["manager"]?.string ?? "")/\($0["operation"]?.string ?? "")"
        }.sorted()
    }

    @Test("What is applied is owned, applied again unchanged, and goes when it is not named any more")
    func owned() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            let line = "apply --server-side -f -"
            #expect(try await fixture.run(line, input: Self.manifest) == "etcdcluster/orders created\n")
            #expect(managers(try await record(fixture)) == ["lodestone/Apply"])
            #expect(!(try await fixture.run("get ec orders -o yaml")).contains("managedFields"))
            #expect(try await fixture.run(line, input: Self.manifest) == "etcdcluster/orders unchanged\n")
            let less = Self.manifest.replacing("  paused: true\n", with: "").replacing(
                "  labels: {team: red}\n", with: "")
            let dry = try await fixture.run(line + " --dry-run", input: less)
            #expect(
                dry == "etcdcluster/orders configured (dry run)\n" || dry == "etcdcluster/orders unchanged (dry run)\n")
            #expect(try await record(fixture)[path: "spec", "paused"] == true)
            #expect(try await fixture.run(line, input: less) == "etcdcluster/orders configured\n")
            let now = try await record(fixture)
            #expect(now[path: "spec", "paused"] != true && now[path: "metadata", "labels", "team"] == nil)
        }
    }

    @Test("A field of somebody else is a conflict at its line, and taken over by force alone")
    func conflict() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("apply --server-side -f -", input: Self.manifest)
            let other = Self.manifest.replacing("paused: true", with: "paused: false")
            let refused = fixture.session()
            #expect(await refused.run("apply --server-side --field-manager ci -f -", input: other) == .failure)
            #expect(
                refused.errors.contains("stdin:8: EtcdCluster \"orders\": spec.paused: conflict with \"lodestone\"")
                    && refused.errors.contains("--force-conflicts takes it over"), "\(refused.errors)")
            #expect(try await record(fixture)[path: "spec", "paused"] == true)
            let forced = "apply --server-side --field-manager ci --force-conflicts -f -"
            #expect(try await fixture.run(forced, input: other) == "etcdcluster/orders configured\n")
            #expect(try await record(fixture)[path: "spec", "paused"] == false)
            #expect(managers(try await record(fixture)) == ["ci/Apply", "lodestone/Apply"])
        }
    }

    @Test("A record that was applied without the server's help is taken over as it is")
    func takenOver() async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            _ = try await fixture.run("apply -f -", input: Self.manifest)
            #expect(managers(try await record(fixture)) == ["lodestone/Update"])
            let less = Self.manifest.replacing("  paused: true\n", with: "  deletionPolicy: Delete\n")
            #expect(try await fixture.run("apply --server-side -f -", input: less) == "etcdcluster/orders configured\n")
            let now = try await record(fixture)
            #expect(managers(now) == ["lodestone/Apply"])
            #expect(now[path: "spec", "paused"] != true && now[path: "spec", "deletionPolicy"] == "Delete")
        }
    }

    @Test("Options that mean nothing alone are refused")
    func mistakes() async {
        let session = TestSession()
        #expect(await session.run("apply -f x --force-conflicts") == .usage)
        #expect(session.errors.contains("goes with \"--server-side\""))
    }
}
