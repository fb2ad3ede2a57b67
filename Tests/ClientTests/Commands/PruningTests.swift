@testable import Client
import API
import Model
import Store
import TestSupport
import Testing

/// What `apply --prune` removes, and what it leaves alone.
@Suite(.timeLimit(.minutes(5)))
struct PruningTests {
    private static func cluster(
        _ name: String, labels: String = "app: shop", namespace: String = "default"
    ) -> String {
        """
        ---
        apiVersion: lodestone.dev/v1alpha1
        kind: EtcdCluster
        metadata: {name: \(name), namespace: \(namespace), labels: {\(labels)}}
        spec: {version: 3.4.23}

        """
    }

    private static let namespace = """
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: team, labels: {app: shop}}

        """

    @Test("What is not named any more goes, and nothing else does", arguments: ["", " --server-side"])
    func leftovers(way: String) async throws {
        let fixture = try await ControllerFixture()
        try await fixture.serving { _ in
            let apply = "apply -f - --prune -l app=shop" + way
            let all =
                Self.namespace + Self.cluster("a") + Self.cluster("b") + Self.cluster("c")
                + Self.cluster("d", namespace: "team")
            #expect(!(try await fixture.run(apply, input: all)).contains("pruned"))
            // Labelled alike: by another program, by another application, in a namespace that is not spoken of.
            _ = try await fixture.run(
                "apply -f - --server-side --field-manager other", input: Self.cluster("others"))
            _ = try await fixture.run("apply -f -" + way, input: Self.cluster("else", labels: "app: other"))
            var owned = try await fixture.store.get(EtcdCluster.self, named: "c", in: "default")
            owned.metadata.ownerReferences = [
                OwnerReference(to: try await fixture.store.get(EtcdCluster.self, named: "a", in: "default"))
            ]
            try await fixture.store.update(owned)

            let less = Self.cluster("a")
            let dry = try await fixture.run(apply + " --dry-run", input: less)
            #expect(dry.hasSuffix("etcdcluster/b pruned (dry run)\n"), "\(dry)")
            #expect(try await fixture.store.list(EtcdCluster.self).count == 6)
            let done = try await fixture.run(apply, input: less)
            #expect(done == "etcdcluster/a unchanged\netcdcluster/b pruned\n")
            #expect(
                try await fixture.store.list(EtcdCluster.self).map(\.metadata.name) == [
                    "a", "c", "else", "others", "d",
                ])
            // With its namespace, though the manifest of the namespace is gone.
            let elsewhere = try await fixture.run(apply, input: Self.cluster("e", namespace: "team"))
            #expect(elsewhere == "etcdcluster/e created\netcdcluster/d pruned\n")
            #expect(try await fixture.store.find(Namespace.self, named: "team") != nil)
        }
    }

    @Test("What is protected stays and is told, and the rest goes")
    func protected() async throws {
        let fixture = try await ControllerFixture { options in
            options.admission.objection = { record, _ in
                record[path: "metadata", "name"] == "b" ? "it is protected" : nil
            }
        }
        try await fixture.serving { _ in
            let all = ["a", "b", "c"].map { Self.cluster($0) }.joined()
            _ = try await fixture.run("apply -f - --prune -l app=shop", input: all)
            for suffix in [" --dry-run", ""] {
                let session = fixture.session()
                let code = await session.run("apply -f - --prune -l app=shop" + suffix, input: Self.cluster("a"))
                #expect(code == .failure && session.output.contains("etcdcluster/c pruned"))
                #expect(session.errors.contains("etcdcluster/b stays") && session.errors.contains("it is protected"))
            }
            #expect(try await fixture.store.list(EtcdCluster.self).map(\.metadata.name) == ["a", "b"])
        }
    }

    @Test("Nothing goes where a manifest is wrong, and manifests must be told from what goes")
    func mistakes() async throws {
        let fixture = try await ControllerFixture { options in
            options.admission.problems = { new, _, _ in
                new[path: "metadata", "name"] == "bad" ? [FieldProblem("spec.version", .forbidden, "is bad")] : []
            }
        }
        try await fixture.serving { _ in
            _ = try await fixture.run("apply -f - --prune -l app=shop", input: Self.cluster("a") + Self.cluster("b"))
            for (text, words) in [
                (Self.cluster("a") + Self.cluster("bad"), "is bad"),
                (Self.cluster("a", labels: "app: other"), "app: shop"),
                (Self.cluster("a", labels: "tier: data"), "app: shop"),
            ] {
                let session = fixture.session()
                let code = await session.run("apply -f - --prune -l app=shop", input: text)
                #expect(code == .failure || code == .usage, "\(code)")
                #expect(session.errors.contains(words) && !session.output.contains("pruned"), "\(session.errors)")
            }
            #expect(try await fixture.store.list(EtcdCluster.self).map(\.metadata.name) == ["a", "b"])
        }
    }

    @Test(
        "What makes no sense together is refused before anything is done",
        arguments: [
            "--prune", "-l app=shop", "--prune -l app", "--prune -l app!=shop", "--prune -l =x", "--prune -l app=",
            "--prune -l app=shop,", "--prune -l app=shop --dry-run=client",
        ])
    func usage(options: String) async throws {
        #expect(await TestSession().run("apply -f - \(options)", input: Self.cluster("a")) == .usage)
    }

    @Test("A selector is labels with values")
    func selectors() {
        let pruning = Pruning(selector: "app=shop,tier==data", manager: "m")
        #expect(pruning?.labels.map { "\($0.key):\($0.value)" } == ["app:shop", "tier:data"])
    }
}
