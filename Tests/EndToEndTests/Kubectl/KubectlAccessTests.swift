import Glibc
import TestSupport
import Testing

/// kubectl in the hands of somebody who may not do everything.
@Suite(.timeLimit(.minutes(Soak.isLong ? 20 : 12)), .enabled(if: KubectlBinary.isInstalled, "kubectl is not installed"))
struct KubectlAccessTests {
    @Test("Who may do what is asked, granted and refused with kubectl", arguments: KubectlBinary.all)
    func access(binary: KubectlBinary) async throws {
        try await Kubectl.run(binary) { admin, fixture in
            #expect(try await admin("auth", "whoami").contains("admin"))
            #expect(try await admin("auth", "can-i", "*", "*") == "yes\n")
            try await admin("create", "namespace", "shop")
            try await admin("apply", "-n", "shop", "-f", try admin.file(Kubectl.cluster("orders")))
            try await admin("create", "secret", "generic", "login", "-n", "shop", "--from-literal=word=hidden-value")
            try await admin("apply", "-f", try admin.file(Self.binding))

            let kubeconfig = fixture.file("eve.kubeconfig")
            let made = try await fixture.lodestone(
                "kubeconfig", "--user", "eve", "--group", "watchers", "--output", kubeconfig)
            #expect(made.status == 0, "\(made)")
            let eve = admin.with(kubeconfig: kubeconfig)
            let who = try await eve("auth", "whoami")
            #expect(who.contains("eve") && who.contains("watchers"), "\(who)")
            #expect(try await eve("get", "ec", "-n", "shop").contains("orders"))
            #expect(try await eve("auth", "can-i", "list", "ec", "-n", "shop") == "yes\n")
            let no = try await eve.outcome("auth", "can-i", "delete", "ec/orders", "-n", "shop")
            #expect(no.status == 1 && no.output.hasPrefix("no"), "\(no)")
            #expect(try await eve("auth", "can-i", "--list", "-n", "shop").contains("etcdclusters.lodestone.dev"))
            let forbidden = try await eve.refused("delete", "ec/orders", "-n", "shop")
            #expect(
                forbidden.contains(
                    "User \"eve\" cannot delete resource \"etcdclusters\" in API group \"lodestone.dev\""),
                "\(forbidden)")
            #expect(try await eve.refused("get", "ec", "-A").contains("Forbidden"))
            #expect(try await eve.refused("get", "accesstokens").contains("Forbidden"))
            for form in ["yaml", "json", "jsonpath={.data.word}"] {
                let shown = try await eve("get", "secret", "login", "-n", "shop", "-o", form)
                #expect(!shown.contains("hidden-value") && !shown.contains("aGlkZGVuLXZhbHVl"), "\(shown)")
            }
            let watching = try await eve.start("get", "ec", "-n", "shop", "-w")
            try await eventually("the watch goes") { watching.output.contains("orders") }
            let tokens = try await admin("get", "accesstokens", "-o", "jsonpath={.items[*].metadata.name}")
            try await admin("delete", "accesstoken", String(tokens.split(separator: " ").first ?? ""))
            _ = try await watching.exitCode()
            #expect(try await eve.refused("get", "ec", "-n", "shop").contains("Unauthorized"))
            let audit = readTextFile(fixture.data + "/audit/audit.log") ?? ""
            #expect(audit.contains("\"eve\"") && !audit.contains("hidden-value"))
        }
    }

    @Test("The executable is a plugin of kubectl", arguments: KubectlBinary.all.suffix(1))
    func plugin(binary: KubectlBinary) async throws {
        try await Kubectl.run(binary) { kubectl, fixture in
            let directory = fixture.file("home") + "/bin"
            mkdir(directory, 0o700)
            symlink(ControllerFixture.executable, directory + "/kubectl-lodestone")
            let plugins = try await kubectl("plugin", "list")
            #expect(plugins.contains("kubectl-lodestone"))
            let report = try await kubectl("lodestone", "report")
            #expect(report.contains("Lodestone status report"))
            let namespaces = try await kubectl("lodestone", "get", "ns")
            #expect(namespaces.contains("default"))
        }
    }

    private static let binding = """
        apiVersion: lodestone.dev/v1alpha1
        kind: RoleBinding
        metadata: {name: watchers}
        spec:
          role: viewer
          subjects: [{kind: Group, name: watchers}]
          namespaces: [shop]
        """
}
