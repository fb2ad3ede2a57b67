import Model
import TestSupport
import Testing

/// What an unmodified kubectl shows.
@Suite(.timeLimit(.minutes(Soak.isLong ? 20 : 12)), .enabled(if: KubectlBinary.isInstalled, "kubectl is not installed"))
struct KubectlReadTests {
    private static let kinds = [
        "namespaces", "secrets", "events", "etcdclusters", "etcdinspections", "etcdbackups", "etcdmigrations", "roles",
        "rolebindings", "accesstokens",
    ]

    @Test("The server, its kinds and their fields are found", arguments: KubectlBinary.all)
    func discovery(binary: KubectlBinary) async throws {
        try await Kubectl.run(binary) { kubectl, _ in
            let kinds = try await kubectl("api-resources", "--no-headers")
            for kind in Self.kinds { #expect(kinds.contains("\n\(kind) ") || kinds.hasPrefix("\(kind) "), "\(kind)") }
            #expect(
                try await kubectl("api-resources", "--categories=etcd", "-o", "name").contains(
                    "etcdclusters.lodestone.dev"))
            #expect(try await kubectl("api-versions").contains("lodestone.dev/v1alpha1\n"))
            #expect(try await kubectl("version").contains("+lodestone"))
            #expect(try await kubectl("cluster-info").contains("is running at"))
            #expect(try await kubectl("get", "--raw", "/readyz").hasPrefix("ok"))
            #expect(try await kubectl("get", "--raw", "/version").contains("gitVersion"))
            for kind in Self.kinds {
                let text = try await kubectl("explain", kind)
                #expect(text.contains("DESCRIPTION:") && !text.contains("<empty>"), "\(kind): \(text)")
            }
            let provider = try await kubectl("explain", "etcdcluster.spec.provider")
            #expect(provider.contains("FIELD: provider <string>") && provider.contains("Imported"), "\(provider)")
            let tree = try await kubectl("explain", "em", "--recursive")
            #expect(tree.contains("maxPause") && tree.contains("finalizers"), "\(tree)")
            #expect(try await kubectl.refused("explain", "ec.spec.nothing").contains("does not exist"))
        }
    }

    @Test("Records are shown in every form", arguments: KubectlBinary.all)
    func get(binary: KubectlBinary) async throws {
        try await Kubectl.run(binary) { kubectl, _ in
            try await kubectl("create", "namespace", "team")
            for (name, labels) in [("a", "tier: gold, team: x"), ("b", "tier: gold"), ("c", "tier: tin")] {
                try await kubectl("apply", "-f", try kubectl.file(Kubectl.cluster(name, labels: labels)))
            }
            try await kubectl("apply", "-n", "team", "-f", try kubectl.file(Kubectl.cluster("d")))
            let table = try await kubectl("get", "ec")
            #expect(table.hasPrefix("NAME   PHASE"), "\(table)")
            #expect(table.split(separator: "\n").count == 4)
            #expect(try await kubectl("get", "ec", "-o", "wide").contains("PROVIDER"))
            #expect(try await kubectl("get", "ec", "-A").hasPrefix("NAMESPACE"))
            #expect(try await kubectl("get", "ec", "-A", "--no-headers").split(separator: "\n").count == 4)
            #expect(
                try await kubectl("get", "ec", "-A", "--chunk-size=1", "--no-headers").split(separator: "\n").count == 4
            )
            #expect(try await kubectl("get", "ec", "a", "-o", "yaml").contains("kind: EtcdCluster"))
            let json = try Value(json: try await kubectl("get", "ec", "-o", "json"))
            #expect(json["items"]?.array?.count == 3)
            #expect(
                try await kubectl("get", "ec", "-o", "name")
                    == "etcdcluster.lodestone.dev/a\netcdcluster.lodestone.dev/b\netcdcluster.lodestone.dev/c\n")
            #expect(try await kubectl("get", "ec", "a", "-o", "jsonpath={.spec.provider}") == "Imported")
            #expect(try await kubectl("get", "ec", "a", "-o", "go-template={{.metadata.name}}") == "a")
            #expect(
                try await kubectl("get", "ec", "-o", "custom-columns=N:.metadata.name", "--sort-by=.metadata.name")
                    == "N\na\nb\nc\n")
            #expect(try await kubectl("get", "ec", "--show-labels").contains("team=x,tier=gold"))
            #expect(try await kubectl("get", "ec", "-L", "tier").contains("TIER"))
            for (selector, names) in [
                ("tier=gold", "ab"), ("tier!=gold", "c"), ("tier in (gold, tin)", "abc"), ("tier notin (gold)", "c"),
                ("team", "a"), ("!team", "bc"), ("tier==gold,team=x", "a"),
            ] {
                let found = try await kubectl("get", "ec", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}")
                #expect(found.filter { $0 != " " } == names, "\(selector): \(found)")
            }
            #expect(
                try await kubectl("get", "ec", "--field-selector", "metadata.name=b", "-o", "name").contains("/b\n"))
            #expect(
                try await kubectl.refused("get", "ec", "--field-selector", "spec.x=b").contains(
                    "field label not supported"))
            #expect(try await kubectl("get", "all").contains("etcdcluster.lodestone.dev/a"))
            #expect(try await kubectl("get", "etcd", "-A").contains("team"))
            #expect(try await kubectl("get", "ec/a", "ns/default", "-o", "name").contains("namespace/default"))
            #expect(
                try await kubectl.refused("get", "ec", "z")
                    == "Error from server (NotFound): etcdclusters.lodestone.dev \"z\" not found\n")
            #expect(try await kubectl("get", "ec", "z", "--ignore-not-found") == "")
            #expect(
                try await kubectl("get", "ec", "a", "--subresource=status", "-o", "name")
                    == "etcdcluster.lodestone.dev/a\n")
            try await kubectl("get", "ec", "--disable-compression")
        }
    }

    @Test("What happens is seen: watches, waits and events", arguments: KubectlBinary.all)
    func watch(binary: KubectlBinary) async throws {
        try await Kubectl.run(binary) { kubectl, fixture in
            let watcher = try await kubectl.start("get", "ec", "-w", "--output-watch-events")
            let events = try await kubectl.start("events", "-w")
            try await kubectl("apply", "-f", try kubectl.file(ControllerFixture.manifest("demo", size: 1)))
            let waiting = try await kubectl.start("wait", "--for=condition=Ready", "ec/demo", "--timeout=60s")
            #expect(try await waiting.exitCode() == 0)
            #expect(waiting.output == "etcdcluster.lodestone.dev/demo condition met\n")
            try await kubectl("wait", "ec/demo", "--for=jsonpath={.status.phase}=Running", "--timeout=30s")
            try await eventually("the watch shows the way") {
                watcher.output.contains("ADDED") && watcher.output.contains("MODIFIED   demo   Running")
            }
            try await eventually("events are shown") { events.output.contains("MemberStarted") }
            let described = try await kubectl("describe", "ec", "demo")
            #expect(described.contains("Phase:") && described.contains("MemberStarted"), "\(described)")
            #expect(try await kubectl("events", "--for", "ec/demo").contains("MemberStarted"))
            #expect(try await kubectl("events", "--types=Normal").contains("MemberStarted"))
            #expect(
                try await kubectl("get", "events", "--field-selector", "involvedObject.name=demo").contains(
                    "MemberStarted"))
            #expect(try await kubectl.refused("wait", "--for=delete", "ec/demo", "--timeout=1s").contains("timed out"))
            #expect(try await fixture.lodestone("delete", "ec/demo", "--unprotect", "--wait=false").status == 0)
            try await kubectl("wait", "--for=delete", "ec/demo", "--timeout=60s")
            try await eventually("the watch shows the end") { watcher.output.contains("DELETED    demo") }
            try await kubectl("wait", "--for=delete", "ec/demo", "--timeout=10s")
        }
    }
}
