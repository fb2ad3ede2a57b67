import API
import Client
import Manifests
import Model
import Store
import TestSupport
import Testing

/// The commands that write and read records, against the real API.
@Suite(.timeLimit(.minutes(5)))
struct RecordCommandTests {
    @Test("Apply creates, changes, and leaves alone what is the same already")
    func apply() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in
            let text =
                Sample.cluster("orders")
                + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n"
            #expect(
                try await controller.run("apply -f - --dry-run", input: text)
                    == "secret/s created (dry run)\netcdcluster/orders created (dry run)\n")
            #expect(
                try await controller.run("apply -f -", input: text) == "secret/s created\netcdcluster/orders created\n")
            #expect(
                try await controller.run("apply -f -", input: text)
                    == "secret/s unchanged\netcdcluster/orders unchanged\n")
            let changed = Sample.cluster("orders", spec: "version: 3.4.23\n  paused: true")
            #expect(
                try await controller.run("apply -f - --dry-run", input: changed)
                    == "etcdcluster/orders configured (dry run)\n")
            #expect(
                try await controller.store.get(EtcdCluster.self, named: "orders", in: "default").spec.paused == false)
            #expect(try await controller.run("apply -f -", input: changed) == "etcdcluster/orders configured\n")
            #expect(try await controller.store.get(EtcdCluster.self, named: "orders", in: "default").spec.paused)
            // Taken out of the manifest, the field goes back to its default.
            #expect(
                try await controller.run("apply -f -", input: Sample.cluster("orders"))
                    == "etcdcluster/orders configured\n")
            let stored = try await controller.store.get(EtcdCluster.self, named: "orders", in: "default")
            #expect(!stored.spec.paused && stored.spec.size == 3 && stored.metadata.generation == 3)
            // What a get shows can be applied as it is.
            let shown = try await controller.run("get ec orders -o yaml")
            #expect(try await controller.run("apply -f -", input: shown) == "etcdcluster/orders unchanged\n")
        }
    }

    @Test("What the controller refuses is told at its line, and the other records are applied")
    func refused() async throws {
        let controller = try await ControllerFixture {
            $0.admission = Admission { new, _, kind in
                guard kind == EtcdCluster.kind, new[path: "spec", "size"] == 5 else { return [] }
                return [FieldProblem("spec.size", .forbidden, "cannot be 5 today")]
            }
        }
        try await controller.serving { _ in
            let text = Sample.cluster("a", spec: "version: 3.4.23\n  size: 5") + "---\n" + Sample.cluster("b")
            let session = controller.session()
            #expect(await session.run("apply -f -", input: text) == .failure)
            #expect(session.output == "etcdcluster/b created\n")
            #expect(session.errors == "error: stdin:7: EtcdCluster \"a\": spec.size: cannot be 5 today\n")
            let elsewhere = controller.session()
            #expect(await elsewhere.run("apply -n nowhere -f -", input: Sample.cluster("c")) == .failure)
            #expect(elsewhere.errors == "error: stdin:1: EtcdCluster \"c\": namespaces \"nowhere\" not found\n")
        }
    }

    @Test("Get shows tables, names, JSON and YAML")
    func get() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in
            #expect(try await controller.run("get ec") == "")
            _ = try await controller.run(
                "apply -f -", input: Sample.cluster("orders") + "---\n" + Sample.cluster("invoices"))
            #expect(try await controller.run("get ec -o name") == "etcdcluster/invoices\netcdcluster/orders\n")
            #expect(try await controller.run("get ec/orders -o name") == "etcdcluster/orders\n")
            let table = try await controller.run("get ec").split(separator: "\n")
            #expect(table.count == 3)
            #expect(table[0].hasPrefix("NAME       PHASE     READY"))
            #expect(table[1].hasPrefix("invoices   Pending   0/0"))
            #expect(try await controller.run("get ec -A").hasPrefix("NAMESPACE   NAME"))
            #expect(try await controller.run("get ec -o wide").contains("PROVIDER"))
            #expect(
                try await controller.run("get ec orders invoices -o name")
                    == "etcdcluster/orders\netcdcluster/invoices\n")
            let document = try Value(json: try await controller.run("get ec orders -o json"))
            #expect(document[path: "metadata", "name"] == "orders" && document["kind"] == "EtcdCluster")
            let list = try YAML.documents(Array(try await controller.run("get ec -o yaml").utf8))[0]
            #expect(list["kind"] == "List" && list["items"]?.array?.count == 2)
            #expect(list["items"]?.array?.allSatisfy { $0["kind"] == "EtcdCluster" } == true)
            #expect(try await controller.run("get all -o name") == "etcdcluster/invoices\netcdcluster/orders\n")
            #expect(try await controller.run("get ns -o name").contains("namespace/default"))
            let missing = controller.session()
            #expect(await missing.run("get ec nope") == .failure)
            #expect(missing.errors == "error: etcdclusters.lodestone.dev \"nope\" not found\n")
        }
    }

    @Test("Labels select")
    func labels() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in
            let red = Sample.cluster("red").replacing("name: red", with: "name: red\n  labels: {team: red}")
            _ = try await controller.run("apply -f -", input: red + "---\n" + Sample.cluster("blue"))
            #expect(try await controller.run("get ec -l team=red -o name") == "etcdcluster/red\n")
            #expect(try await controller.run("get ec -l !team -o name") == "etcdcluster/blue\n")
        }
    }

    @Test("Delete removes by name and by manifest, and waits for finalizers")
    func delete() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in
            let text = Sample.cluster("a") + "---\n" + Sample.cluster("b")
            _ = try await controller.run("apply -f -", input: text)
            #expect(try await controller.run("delete ec a --dry-run") == "etcdcluster/a deleted (dry run)\n")
            #expect(try await controller.run("delete ec a") == "etcdcluster/a deleted\n")
            let again = controller.session()
            #expect(await again.run("delete ec a") == .failure)
            #expect(again.errors == "error: etcdclusters.lodestone.dev \"a\" not found\n")
            #expect(try await controller.run("delete ec a --ignore-not-found") == "")
            var held = try await controller.store.get(EtcdCluster.self, named: "b", in: "default")
            held.metadata.finalizers = ["lodestone.dev/test"]
            _ = try await controller.store.update(held)
            let late = controller.session()
            #expect(await late.run("delete ec b --timeout 100ms") == .timedOut)
            #expect(late.errors == "error: etcdcluster/b is still going after 100ms; it goes on by itself\n")
            let tooEarly = controller.session()
            #expect(await tooEarly.run("apply -f -", input: Sample.cluster("b")) == .failure)
            #expect(tooEarly.errors.contains("EtcdCluster \"b\": is being deleted; apply it again once it is gone"))
            let waiting = controller.session()
            async let code = waiting.run("delete -f - --ignore-not-found", input: text)
            try await eventually("the removal was asked for") { waiting.output.contains("deleted") }
            var going = try await controller.store.get(EtcdCluster.self, named: "b", in: "default")
            going.metadata.finalizers = []
            _ = try await controller.store.update(going)
            let ended = await code
            #expect(ended == .success && waiting.output == "etcdcluster/b deleted\n")
        }
    }

    @Test("Describe tells everything, with events and without the values of secrets")
    func describe() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in
            let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n"
            _ = try await controller.run("apply -f -", input: Sample.cluster("orders") + secret)
            var cluster = try await controller.store.get(EtcdCluster.self, named: "orders", in: "default")
            cluster.status.phase = .creating
            cluster.status.conditions.set(
                Condition(.ready, .false, reason: "Starting", message: "1 of 3 members serve"), at: .now, generation: 1)
            cluster = try await controller.store.updateStatus(cluster)
            var event = Event()
            event.metadata = ObjectMeta(name: "e1")
            event.involvedObject = ObjectReference(to: cluster)
            event.reason = "MemberStarted"
            event.message = "member orders-0 was started"
            event.lastTimestamp = .now
            _ = try await controller.store.create(event)
            let text = try await controller.run("describe ec orders")
            for part in [
                "Name          orders", "Phase         Creating: 1 of 3 members serve", "no members yet", "Conditions",
                "Starting",
                "Findings      none", "Spec", "version: \"3.4.23\"", "MemberStarted", "member orders-0 was started",
            ] {
                #expect(text.contains(part), "\(part) is missing in:\n\(text)")
            }
            let hidden = try await controller.run("describe secret s")
            #expect(hidden.contains("password: 7 bytes"))
            #expect(!hidden.contains("hunter2") && !hidden.contains("aHVudGVyMg"))
            #expect(try await controller.run("describe ns default").contains("Active"))
        }
    }

    @Test("A controller that is not there, or is another one, is told apart from one that refuses")
    func unreachable() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in }
        let gone = controller.session()
        #expect(await gone.run("get ec") == .unreachable)
        #expect(gone.errors.hasPrefix("error: cannot reach the controller: https://127.0.0.1:"))
        #expect(gone.errors.contains("lodestone controller"))
        let other = try await ControllerFixture()
        try await controller.serving { server in
            try await other.serving { _ in
                // The address of one controller with the trust and the token of another.
                let text = try #require(readTextFile(other.kubeconfig))
                let wrong = try #require(text.firstMatch(of: /server: .*/)?.output).description
                try writeTextFile(other.directory.file("wrong"), text.replacing(wrong, with: "server: \(server.url)"))
                let untrusted = TestSession(in: other.directory.path)
                #expect(await untrusted.run("get ec --kubeconfig wrong") == .unreachable)
                #expect(untrusted.errors.contains("certificate"))
                let insecure = text.replacing(wrong, with: "server: \(server.url)\n    insecure-skip-tls-verify: true")
                try writeTextFile(other.directory.file("insecure"), insecure)
                let unknown = TestSession(in: other.directory.path)
                #expect(await unknown.run("get ec --kubeconfig insecure") == .failure)
                #expect(unknown.errors.contains("the controller does not know us"))
            }
        }
    }

    @Test("The version of the controller is shown where one runs")
    func version() async throws {
        let controller = try await ControllerFixture()
        let alone = try await controller.serving { _ in
            let text = try await controller.run("version")
            #expect(text == "lodestone \(Version.current)\ncontroller 9.8.7\n")
            return try await controller.run("version --client -o json")
        }
        #expect(try Value(json: alone) == ["client": .string(Version.current)])
        #expect(try await controller.run("version") == "lodestone \(Version.current)\n")
    }
}
