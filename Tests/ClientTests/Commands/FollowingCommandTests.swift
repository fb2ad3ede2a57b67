import API
@testable import Client
import Model
import Store
import TestSupport
import Testing

/// The commands that wait and watch, against the real API.
@Suite(.timeLimit(.minutes(5)))
struct FollowingCommandTests {
    /// Plays the controller: takes the newest record of a name and changes its status.
    private func change<Object: SpecifiedResource>(
        _ type: Object.Type, _ name: String, _ store: RecordStore, _ change: (inout Object.Status) -> Void
    ) async throws {
        var record = try await store.get(Object.self, named: name, in: "default")
        change(&record.status)
        _ = try await store.updateStatus(record)
    }

    @Test("Wait returns when a condition comes true, and shows what the record says of itself until then")
    func waitForCondition() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in
            _ = try await controller.run("apply -f -", input: Sample.cluster("orders"))
            let session = controller.session()
            async let code = session.run("wait ec/orders --timeout 20s")
            try await eventually("the wait has begun") { session.errors.contains("nothing is said of Ready yet") }
            for (status, message) in [(ConditionStatus.false, "1 of 3 members serve"), (.true, "all serve")] {
                try await change(EtcdCluster.self, "orders", controller.store) {
                    $0.conditions.set(Condition(.ready, status, reason: "R", message: message), at: .now, generation: 1)
                }
            }
            let ended = await code
            #expect(ended == .success)
            #expect(session.output == "etcdcluster/orders is Ready\n")
            #expect(session.errors.hasPrefix("etcdcluster/orders: nothing is said of Ready yet\n"))
            let late = controller.session()
            #expect(await late.run("wait ec/orders --for phase=Running --timeout 100ms") == .timedOut)
            #expect(late.errors.contains("error: etcdcluster/orders is not Running after 100ms: "))
            #expect(try await controller.run("wait ec/nope --for delete") == "etcdcluster/nope is gone\n")
            let missing = controller.session()
            #expect(await missing.run("wait ec/nope") == .failure)
            #expect(missing.errors == "error: there is no etcdcluster/nope in namespace default\n")
        }
    }

    @Test("Wait goes on across a restart of the controller")
    func restart() async throws {
        let controller = try await ControllerFixture()
        let session = controller.session()
        let port = try await controller.serving { server in
            _ = try await controller.run("apply -f -", input: Sample.cluster("orders"))
            return server.port
        }
        try await withThrowingTaskGroup { group in
            try await controller.serving(port: port) { _ in
                group.addTask { await session.run("wait ec/orders --for phase=Running --timeout 30s") }
                try await eventually("the wait has begun") { session.errors.contains("no phase") }
            }
            try await change(EtcdCluster.self, "orders", controller.store) { $0.phase = .running }
            let code = try await controller.serving(port: port) { _ in try await group.next() }
            #expect(code == .success)
        }
    }

    @Test("The controller itself can be waited for, from before it has a kubeconfig")
    func waitForController() async throws {
        let controller = try await ControllerFixture()
        let session = controller.session()
        let code = try await withThrowingTaskGroup { group in
            group.addTask { await session.run("wait --for ready --timeout 20s") }
            return try await controller.serving { _ in try await group.next() }
        }
        #expect(code == .success)
        #expect(session.output == "the controller is ready\n")
        let late = TestSession(in: controller.directory.path)
        #expect(await late.run("wait --for ready --timeout 50ms --kubeconfig nope") == .timedOut)
        #expect(late.errors.contains("the controller is not ready after 50ms: the kubeconfig nope cannot be read"))
    }

    @Test("Backup creates a record, follows it to its end and shows the figures")
    func backup() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in
            _ = try await controller.run("apply -f -", input: Sample.cluster("orders"))
            let session = controller.session()
            async let code = session.run("backup orders --name first")
            try await eventually("the backup is there") {
                (try? await controller.store.get(EtcdBackup.self, named: "first", in: "default")) != nil
            }
            try await change(EtcdBackup.self, "first", controller.store) {
                $0.phase = .running
                $0.transferred = ByteCount(1 << 20)
                $0.expected = ByteCount(4 << 20)
            }
            try await eventually("progress is shown") { session.errors.contains("Running [") }
            try await change(EtcdBackup.self, "first", controller.store) {
                $0.phase = .succeeded
                $0.revision = 77
                $0.keys = 10
                $0.size = ByteCount(4 << 20)
                $0.location = "/backups/first"
                $0.startTime = Timestamp(secondsSinceEpoch: 100)
                $0.completionTime = Timestamp(secondsSinceEpoch: 103)
            }
            let ended = await code
            #expect(ended == .success)
            #expect(session.errors.contains("] 25%, 1 MiB of 4 MiB"))
            for line in ["Backup    default/first", "Revision  77", "Keys      10", "Size      4 MiB", "Took      3s"] {
                #expect(session.output.contains(line + "\n"), "\(session.output)")
            }
            let failing = controller.session()
            async let failed = failing.run("backup orders --name second")
            try await eventually("the backup is there") {
                (try? await controller.store.get(EtcdBackup.self, named: "second", in: "default")) != nil
            }
            try await change(EtcdBackup.self, "second", controller.store) {
                $0.phase = .failed
                $0.message = "no member answers"
            }
            let failure = await failed
            #expect(failure == .failure)
            #expect(failing.errors.hasSuffix("error: the backup second failed: no member answers\n"))
            #expect(try await controller.run("backup orders --wait=false --name third -o name") == "etcdbackup/third\n")
            let late = controller.session()
            #expect(await late.run("backup orders --name fourth --timeout 50ms") == .timedOut)
            #expect(late.errors.contains("is not done after 50ms"))
            // Two in one second, as with the schedule: both are made, under names of their own.
            for expected in ["etcdbackup/orders-20270115-080000\n", "etcdbackup/orders-20270115-080000-2\n"] {
                let session = controller.session(now: Timestamp(secondsSinceEpoch: 1_800_000_000))
                #expect(await session.run("backup orders --wait=false -o name") == .success)
                #expect(session.output == expected)
            }
            let again = controller.session()
            #expect(await again.run("backup orders --wait=false --name third") == .failure)
            #expect(again.errors.contains("already exists"))
            let missing = controller.session()
            #expect(await missing.run("backup order") == .failure)
            #expect(missing.errors == "error: there is no cluster \"order\" in namespace default; there are orders\n")
        }
    }

    @Test("Names of backups sort as the backups were made")
    func backupNames() {
        let name = BackupCommand.name(for: "orders", at: Timestamp(secondsSinceEpoch: 1_800_000_000))
        #expect(name == "orders-20270115-080000")
    }

    @Test("Get -w and watch show changes as they happen")
    func watch() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in
            _ = try await controller.run("apply -f -", input: Sample.cluster("orders"))
            let table = controller.session()
            let documents = controller.session()
            let changes = controller.session(now: Timestamp(secondsSinceEpoch: 1_800_000_000))
            try await withThrowingTaskGroup { group in
                group.addTask { await table.run("get ec -w") }
                group.addTask { await documents.run("get ec orders -o yaml -w") }
                group.addTask { await changes.run("watch ec") }
                try await eventually("all have begun") {
                    table.output.contains("orders") && documents.output.contains("orders")
                        && changes.output.contains("orders")
                }
                try await change(EtcdCluster.self, "orders", controller.store) { $0.phase = .running }
                try await eventually("the change is shown") {
                    table.output.contains("Running") && documents.output.contains("---\n")
                        && changes.output.contains("08:00:00   MODIFIED   orders   Running")
                }
                _ = try await controller.run("delete ec orders")
                try await eventually("the end is shown") { changes.output.contains("DELETED    orders") }
                group.cancelAll()
                for try await code in group { #expect(code == .interrupted) }
            }
            #expect(changes.output.hasPrefix("TIME       CHANGE     NAME     PHASE"))
            #expect(table.output.split(separator: "\n").count(where: { $0.hasPrefix("NAME") }) == 1)
        }
    }

    @Test("The report is made from what the controller stores")
    func report() async throws {
        let controller = try await ControllerFixture()
        try await controller.serving { _ in
            #expect(try await controller.run("report").contains("No clusters are declared."))
            _ = try await controller.run("apply -f -", input: Sample.cluster("orders") + "---\n" + Sample.cluster("b"))
            try await change(EtcdCluster.self, "orders", controller.store) { $0.phase = .failed }
            let text = try await controller.run("report")
            #expect(text.contains("2 clusters: 1 critical, 1 unknown."))
            #expect(text.contains("orders  Critical  Failed"))
            _ = try await controller.run("report --fail-on critical", .findings)
            _ = try await controller.run("report --fail-on critical --cluster b")
            _ = try await controller.run("report --fail-on warning --cluster b", .findings)
            let json = try Value(json: try await controller.run("report -o json --cluster b"))
            #expect(json[path: "summary", "clusters"] == 1)
            let missing = controller.session()
            #expect(await missing.run("report --cluster nope") == .failure)
            #expect(missing.errors == "error: there is no cluster \"nope\"\n")
        }
    }
}
