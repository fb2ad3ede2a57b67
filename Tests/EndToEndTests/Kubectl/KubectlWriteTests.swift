import Model
import TestSupport
import Testing

/// What an unmodified kubectl changes.
@Suite(.timeLimit(.minutes(Soak.isLong ? 20 : 12)), .enabled(if: KubectlBinary.isInstalled, "kubectl is not installed"))
struct KubectlWriteTests {
    @Test("Records are created, replaced, patched and removed", arguments: KubectlBinary.all)
    func changes(binary: KubectlBinary) async throws {
        try await Kubectl.run(binary) { kubectl, _ in
            let plain = try kubectl.file(Kubectl.cluster("demo"))
            #expect(try await kubectl("create", "-f", plain) == "etcdcluster.lodestone.dev/demo created\n")
            #expect(try await kubectl.refused("create", "-f", plain).contains("(AlreadyExists)"))
            let generated = try kubectl.file(Kubectl.cluster("x").replacing("name: x", with: "generateName: gen-"))
            #expect(try await kubectl("create", "-f", generated).contains("/gen-"))
            try await kubectl("create", "namespace", "team")
            try await kubectl("create", "secret", "generic", "login", "--from-literal=user=root", "-n", "team")
            let user = try await kubectl("get", "secret", "login", "-n", "team", "-o", "jsonpath={.data.user}")
            #expect(user == "cm9vdA==")
            try await kubectl("patch", "secret", "login", "-n", "team", "-p", #"{"stringData":{"user":"x"}}"#)

            let merge = ["patch", "ec/demo", "--type=merge", "-p", #"{"spec":{"paused":true}}"#]
            #expect(try await kubectl(merge[0], merge[1], merge[2], merge[3], merge[4]).contains("patched\n"))
            // kubectl compares what it read before with the answer, and the controller may write in between.
            try await eventually("nothing changes any more") {
                try await kubectl(merge[0], merge[1], merge[2], merge[3], merge[4]).contains("(no change)")
            }
            try await kubectl(
                "patch", "ec/demo", "--type=json", "-p",
                #"[{"op":"test","path":"/spec/paused","value":true},{"op":"replace","path":"/spec/paused","value":false}]"#
            )
            #expect(
                try await kubectl.refused(
                    "patch", "ec/demo", "--type=json", "-p", #"[{"op":"test","path":"/spec/paused","value":true}]"#)
                    != "")
            try await kubectl("label", "ec/demo", "tier=gold")
            #expect(try await kubectl.refused("label", "ec/demo", "tier=tin").contains("overwrite"))
            try await kubectl("label", "ec/demo", "tier=tin", "--overwrite")
            try await kubectl("label", "ec/demo", "tier-")
            try await kubectl("annotate", "ec/demo", "note=hello world")
            let editor = try kubectl.file("#!/bin/sh\nsed -i 's/paused: false/paused: true/' \"$1\"\n")
            #expect(try await kubectl.with("EDITOR", editor)("edit", "ec/demo").contains("edited"))
            #expect(try await kubectl("get", "ec/demo", "-o", "jsonpath={.spec.paused}") == "true")
            let nothing = try kubectl.file("#!/bin/sh\nexit 0\n")
            let untouched = try await kubectl.with("EDITOR", nothing).outcome("edit", "ec/demo")
            #expect(untouched.errors.contains("no changes made") && untouched.status == 0)
            #expect(try await kubectl("replace", "-f", plain).contains("replaced"))
            try await kubectl(
                "patch", "ec/demo", "--subresource=status", "--type=merge", "-p", #"{"status":{"leader":"m1"}}"#)

            #expect(try await kubectl("delete", "ec/demo", "--dry-run=server").contains("(server dry run)"))
            try await kubectl("get", "ec/demo")
            #expect(try await kubectl("delete", "ec/demo", "--timeout=30s").contains("deleted"))
            #expect(try await kubectl("delete", "ec/demo", "--ignore-not-found") == "")
            try await kubectl("apply", "-f", try kubectl.file(Kubectl.cluster("e1", labels: "go: away")))
            try await kubectl("apply", "-f", try kubectl.file(Kubectl.cluster("e2", labels: "go: away")))
            #expect(try await kubectl("delete", "ec", "-l", "go=away").split(separator: "\n").count == 2)
            try await kubectl("delete", "ec", "--all", "--wait=false")
            try await kubectl("delete", "namespace", "team", "--timeout=30s")
            #expect(try await kubectl.refused("delete", "namespace", "default").contains("Forbidden"))
        }
    }

    @Test(
        "Manifests are applied: by the client, by the server, with ownership, sets and differences",
        arguments: KubectlBinary.all)
    func apply(binary: KubectlBinary) async throws {
        try await Kubectl.run(binary) { kubectl, _ in
            let file = try kubectl.file(Kubectl.cluster("demo", more: "  paused: true"))
            #expect(try await kubectl("apply", "-f", file, "--dry-run=server").contains("created (server dry run)"))
            #expect(try await kubectl.refused("get", "ec/demo").contains("NotFound"))
            #expect(try await kubectl("apply", "-f", file) == "etcdcluster.lodestone.dev/demo created\n")
            #expect(try await kubectl("apply", "-f", file) == "etcdcluster.lodestone.dev/demo unchanged\n")
            #expect(try await kubectl("diff", "-f", file) == "")
            let changed = try kubectl.file(Kubectl.cluster("demo", labels: "a: b"))
            let difference = try await kubectl.outcome("diff", "-f", changed)
            #expect(difference.status == 1 && difference.output.contains("-  paused: true"), "\(difference)")
            #expect(try await kubectl("apply", "-f", changed) == "etcdcluster.lodestone.dev/demo configured\n")
            #expect(try await kubectl("get", "ec/demo", "-o", "jsonpath={.spec.paused}") == "false")
            try await kubectl("apply", "view-last-applied", "ec/demo")

            let server = try kubectl.file(Kubectl.cluster("ssa", more: "  paused: true"))
            let side = "--server-side"
            #expect(try await kubectl("apply", side, "-f", server).contains("serverside-applied"))
            let before = try await kubectl("get", "ec/ssa", "-o", "jsonpath={.metadata.generation}")
            try await kubectl("apply", side, "-f", server)
            #expect(try await kubectl("get", "ec/ssa", "-o", "jsonpath={.metadata.generation}") == before)
            let other = try kubectl.file(Kubectl.cluster("ssa", more: "  paused: false"))
            let conflict = try await kubectl.refused("apply", side, "--field-manager=other", "-f", other)
            #expect(conflict.contains("conflict") && conflict.contains(".spec.paused"), "\(conflict)")
            try await kubectl("apply", side, "--field-manager=other", "--force-conflicts", "-f", other)
            let owners = try await kubectl("get", "ec/ssa", "--show-managed-fields", "-o", "yaml")
            #expect(owners.contains("manager: other") && owners.contains("f:paused"), "\(owners)")
            #expect(!(try await kubectl("get", "ec/ssa", "-o", "yaml").contains("managedFields")))
            // From the client's way to the server's, as people migrate.
            try await kubectl("apply", side, "--force-conflicts", "-f", changed)
            try await kubectl("apply", side, "-f", changed)

            let set = try kubectl.file(
                Kubectl.cluster("p1", labels: "set: p") + "\n---\n" + Kubectl.cluster("p2", labels: "set: p"))
            try await kubectl("apply", "-f", set)
            let pruned = try await kubectl(
                "apply", "--prune", "-l", "set=p", "--prune-allowlist=lodestone.dev/v1alpha1/EtcdCluster", "-f",
                try kubectl.file(Kubectl.cluster("p1", labels: "set: p")))
            #expect(pruned.contains("p2 pruned"), "\(pruned)")
            let applySet = kubectl.with("KUBECTL_APPLYSET", "true")
            try await kubectl("create", "namespace", "sets")
            let two = try kubectl.file(Kubectl.cluster("s1") + "\n---\n" + Kubectl.cluster("s2"))
            try await applySet("apply", "-n", "sets", "--prune", "--applyset=mine", "-f", two)
            let one = try await applySet(
                "apply", "-n", "sets", "--prune", "--applyset=mine", "-f", try kubectl.file(Kubectl.cluster("s1")))
            #expect(one.contains("s2 pruned"), "\(one)")
        }
    }

    @Test("What is wrong is said with its field, and nothing is stored", arguments: KubectlBinary.all)
    func refusals(binary: KubectlBinary) async throws {
        try await Kubectl.run(binary) { kubectl, _ in
            let file = try kubectl.file(Kubectl.cluster("demo", more: "  pausd: true"))
            #expect(try await kubectl.refused("apply", "-f", file).contains("pausd"))
            try await kubectl("apply", "--validate=warn", "-f", file)
            let invalid = try kubectl.file(Kubectl.cluster("bad").replacing("Imported", with: "Cloud"))
            let words = try await kubectl.refused("apply", "-f", invalid)
            #expect(words.contains("The EtcdCluster \"bad\" is invalid: spec.provider"), "\(words)")
            let stranger = try kubectl.file(
                Kubectl.cluster("x").replacing("kind: EtcdCluster", with: "kind: EtcdThing"))
            #expect(try await kubectl.refused("apply", "-f", stranger).contains("no matches for kind \"EtcdThing\""))
            let lost = """
                apiVersion: lodestone.dev/v1alpha1
                kind: EtcdBackup
                metadata: {name: b}
                spec: {clusterRef: {name: gone}}
                """
            #expect(try await kubectl.refused("apply", "-f", try kubectl.file(lost)).contains("spec.clusterRef.name"))
            #expect(
                try await kubectl.refused("apply", "-n", "nowhere", "-f", try kubectl.file(Kubectl.cluster("x")))
                    .contains(
                        "namespaces \"nowhere\" not found"))
            #expect(try await kubectl.refused("get", "ec", "--token=wrong").contains("Unauthorized"))
        }
    }

    @Test(
        "Neither a stray delete nor --force costs data",
        arguments: [KubectlBinary.all.first, KubectlBinary.all.last].compactMap(\.self))
    func force(binary: KubectlBinary) async throws {
        try await Kubectl.run(binary) { kubectl, fixture in
            let manifest = ControllerFixture.manifest("orders", size: 1)
            try await kubectl("apply", "-f", try kubectl.file(manifest))
            let cluster = try await fixture.waitForCluster("orders")
            let members = fixture.members
            let protected = "it holds data and is protected"
            #expect(try await kubectl.refused("delete", "ec/orders").contains(protected))
            #expect(try await kubectl.refused("delete", "ec", "--all").contains(protected))
            #expect(try await kubectl.refused("delete", "-f", try kubectl.file(manifest)).contains(protected))
            // Another version cannot be had by a change, and --force would delete the cluster and make a new one.
            let other = try kubectl.file(manifest.replacing("3.4.23", with: "3.4.22"))
            #expect(try await kubectl.refused("apply", "--force", "-f", other).contains(protected))
            #expect(try await kubectl.refused("replace", "--force", "-f", other).contains(protected))
            #expect(try await kubectl.refused("scale", "ec/orders", "--replicas=3").contains("spec.replicas"))
            let after = try #require(try await fixture.record(EtcdCluster.self, "orders"))
            #expect(after.metadata.uid == cluster.metadata.uid && after.metadata.deletionTimestamp == nil)
            #expect(fixture.members == members)
            try await kubectl("patch", "ec/orders", "--type=merge", "-p", #"{"spec":{"deletionProtection":false}}"#)
            try await kubectl("delete", "ec/orders", "--timeout=60s")
        }
    }
}
