import API
import Model
import Store
import TestSupport
import Testing

/// All the ways in which the unmodified kubectl writes.
@Suite(.timeLimit(.minutes(5)), .enabled(if: Kubectl.isInstalled, "kubectl is not installed"))
struct KubectlWritingTests {
    private static let manifest = """
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata:
          name: demo
          labels: {team: a}
        spec:
          provider: Local
          version: 3.4.23
          paused: false
        """

    private static func cluster(_ kubectl: Kubectl) async throws -> EtcdCluster {
        try await kubectl.store.get(EtcdCluster.self, named: "demo", in: "default")
    }

    private static func owners(_ kubectl: Kubectl) async throws -> [String] {
        let record = try await kubectl.store.get(RecordID(EtcdCluster.kind, namespace: "default", name: "demo"))
        return ApplyTests.owners(record.document).keys.sorted()
    }

    @Test(
        "Server-side apply: twice is once, another manager meets a conflict, force takes over",
        arguments: Kubectl.programs)
    func serverSide(program: String) async throws {
        try await Kubectl.serving(program) { kubectl in
            let file = try kubectl.file(Self.manifest)
            let first = try await kubectl.run("apply", "--server-side", "-f", file)
            #expect(first.output == "etcdcluster.lodestone.dev/demo serverside-applied\n", "\(first.errors)")
            let made = try await Self.cluster(kubectl)
            #expect(try await kubectl.run("apply", "--server-side", "-f", file).status == 0)
            #expect(try await Self.cluster(kubectl).metadata == made.metadata)
            let changed = try kubectl.file(Self.manifest.replacing("paused: false", with: "paused: true"))
            let other = ["apply", "--server-side", "--field-manager=other", "-f", changed]
            let refused = try await kubectl.run(other)
            #expect(refused.status == 1 && refused.errors.contains("Apply failed with 1 conflict"), "\(refused)")
            #expect(refused.errors.contains("conflict with \"kubectl\": .spec.paused"), "\(refused.errors)")
            let dry = try await kubectl.run(other + ["--force-conflicts", "--dry-run=server"])
            #expect(dry.status == 0 && dry.output.contains("(server dry run)"), "\(dry)")
            #expect(try await Self.cluster(kubectl).metadata == made.metadata)
            #expect(try await kubectl.run(other + ["--force-conflicts"]).status == 0)
            #expect(try await Self.cluster(kubectl).spec.paused)
            #expect(try await Self.owners(kubectl) == ["kubectl/Apply", "other/Apply"])
            let shown = try await kubectl.run("get", "ec/demo", "-o", "yaml", "--show-managed-fields")
            #expect(shown.output.contains("manager: other") && shown.output.contains("f:paused: {}"), "\(shown)")
            let diff = try await kubectl.run("diff", "--server-side", "--field-manager=other", "-f", changed)
            #expect(diff.status == 0, "\(diff)")
        }
    }

    @Test("From client-side to server-side apply and back", arguments: Kubectl.programs)
    func migration(program: String) async throws {
        try await Kubectl.serving(program) { kubectl in
            let file = try kubectl.file(Self.manifest)
            #expect(try await kubectl.run("apply", "-f", file).status == 0)
            #expect(try await Self.owners(kubectl) == ["kubectl-client-side-apply/Update"])
            let less = try kubectl.file(Self.manifest.replacing("  labels: {team: a}\n", with: ""))
            let moved = try await kubectl.run("apply", "--server-side", "-f", less)
            #expect(moved.status == 0 && moved.errors == "", "\(moved)")
            let owners = try await Self.owners(kubectl)
            #expect(
                !owners.contains("kubectl-client-side-apply/Update") && owners.contains("kubectl/Apply"), "\(owners)")
            // What the client applied before belongs to the server-side manager now, which has left it out.
            #expect(try await Self.cluster(kubectl).metadata.labels == [:])
            let again = try await Self.cluster(kubectl)
            let repeated = try await kubectl.run("apply", "--server-side", "-f", less)
            #expect(repeated.status == 0 && repeated.errors == "", "\(repeated)")
            #expect(try await Self.cluster(kubectl).metadata == again.metadata)
            let back = try await kubectl.run("apply", "-f", file)
            #expect(back.status == 0 && back.errors == "", "\(back)")
            #expect(try await Self.cluster(kubectl).metadata.labels == ["team": "a"])
        }
    }

    @Test("kubectl scale in all its forms", arguments: Kubectl.programs)
    func scale(program: String) async throws {
        try await Kubectl.serving(program) { kubectl in
            #expect(try await kubectl.run("create", "-f", try kubectl.file(Self.manifest)).status == 0)
            let plain = try await kubectl.run("scale", "ec/demo", "--replicas=5")
            #expect(plain.output == "etcdcluster.lodestone.dev/demo scaled\n", "\(plain.errors)")
            #expect(try await Self.cluster(kubectl).spec.size == 5)
            let guarded = try await kubectl.run("scale", "ec/demo", "--replicas=3", "--current-replicas=5")
            #expect(guarded.status == 0, "\(guarded)")
            let wrong = try await kubectl.run("scale", "ec/demo", "--replicas=1", "--current-replicas=5")
            #expect(wrong.status == 1 && wrong.errors.contains("Expected replicas to be 5, was 3"), "\(wrong)")
            let version = try await Self.cluster(kubectl).metadata.resourceVersion
            let exact = try await kubectl.run("scale", "ec/demo", "--replicas=1", "--resource-version=\(version)")
            #expect(exact.status == 0, "\(exact)")
            let trial = try await kubectl.run("scale", "ec/demo", "--replicas=7", "--dry-run=server")
            #expect(trial.status == 0, "\(trial)")
            #expect(try await Self.cluster(kubectl).spec.size == 1)
            let invalid = try await kubectl.run("scale", "ec/demo", "--replicas=2")
            #expect(
                invalid.errors.contains("The EtcdCluster \"demo\" is invalid: spec.replicas: 2 is not possible"),
                "\(invalid)")
            let all = try await kubectl.run("scale", "ec", "--all", "--replicas=3")
            #expect(all.status == 0, "\(all)")
            #expect(try await Self.cluster(kubectl).spec.size == 3)
        }
    }

    @Test("Patches of all types, generated names, protobuf bodies, edits", arguments: Kubectl.programs)
    func others(program: String) async throws {
        try await Kubectl.serving(program) { kubectl in
            #expect(try await kubectl.run("create", "-f", try kubectl.file(Self.manifest)).status == 0)
            let json = #"[{"op":"replace","path":"/spec/paused","value":true}]"#
            #expect(try await kubectl.run("patch", "ec/demo", "--type=json", "-p", json).status == 0)
            #expect(try await Self.cluster(kubectl).spec.paused)
            let failed = #"[{"op":"test","path":"/spec/paused","value":false}]"#
            let refused = try await kubectl.run("patch", "ec/demo", "--type=json", "-p", failed)
            #expect(refused.errors.contains("testing value /spec/paused failed"), "\(refused)")
            let generated = try kubectl.file(Self.manifest.replacing("name: demo", with: "generateName: demo-"))
            let made = try await kubectl.run("create", "-f", generated)
            #expect(made.output.hasPrefix("etcdcluster.lodestone.dev/demo-"), "\(made)")
            let namespace = try await kubectl.run("create", "namespace", "team-a")
            #expect(namespace.output == "namespace/team-a created\n", "\(namespace.errors)")
            let secret = try await kubectl.run(
                "create", "secret", "generic", "s", "-n", "team-a", "--from-literal=user=admin")
            #expect(secret.output == "secret/s created\n", "\(secret.errors)")
            let labelled = try await kubectl.run("label", "secret/s", "-n", "team-a", "a=b")
            #expect(labelled.status == 0, "\(labelled)")
            let edited = try await kubectl.run(
                "patch", "ec/demo", "--subresource=status", "--type=merge", "-p", #"{"status":{"leader":"m1"}}"#)
            #expect(edited.status == 0, "\(edited)")
            let owners = try await Self.owners(kubectl)
            #expect(owners == ["kubectl-create/Update", "kubectl-patch/Update", "kubectl-patch/Update/status"])
            let unknown = try await kubectl.run(
                "patch", "ec/demo", "--type=merge", "-p", #"{"spec":{"siez":3}}"#)
            #expect(unknown.errors.contains("Warning: unknown field \"spec.siez\""), "\(unknown)")
            let deleted = try await kubectl.run("delete", "ec", "--all", "--cascade=foreground")
            #expect(deleted.status == 0, "\(deleted)")
        }
    }
}
