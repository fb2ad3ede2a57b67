import Model
import Testing

@testable import Controller

struct BackupsInUseTests {
    @Test(
        "A backup that a restore reads from is in use until the restore has ended",
        arguments: [
            (RestorePhase.pending, true), (.fetching, true), (.proving, true), (.succeeded, false), (.failed, false),
        ])
    func phases(phase: RestorePhase, isInUse: Bool) {
        var copy = copy()
        copy.status.restore = ClusterRestoreStatus()
        copy.status.restore?.phase = phase
        copy.status.restore?.backup = "20261121-first"
        copy.status.restore?.cluster = BackedUpCluster()
        copy.status.restore?.cluster?.name = "orders"
        copy.status.restore?.cluster?.incarnation = "life1"
        #expect(BackupsInUse(of: orders("life1"), by: [copy]).contains("20261121-first", record: "x") == isInUse)
        #expect(!BackupsInUse(of: orders("life1"), by: [copy]).contains("20261121-second", record: "x"))
        #expect(!BackupsInUse(of: orders("life2"), by: [copy]).contains("20261121-first", record: "x"))
    }

    @Test("What a restore that has not begun names is in use already")
    func notBegun() {
        var copy = copy()
        copy.spec.restore?.backupRef = LocalReference(name: "first")
        #expect(BackupsInUse(of: orders("life1"), by: [copy]).contains("any", record: "first"))
        #expect(!BackupsInUse(of: orders("life1"), by: [copy]).contains("any", record: "second"))
        copy.metadata.namespace = "elsewhere"
        #expect(!BackupsInUse(of: orders("life1"), by: [copy]).contains("any", record: "first"))
    }

    private func orders(_ incarnation: String) -> EtcdCluster {
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(name: "orders", namespace: "default")
        cluster.status.incarnation = incarnation
        return cluster
    }

    private func copy() -> EtcdCluster {
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(name: "copy", namespace: "default")
        cluster.spec.restore = ClusterRestore()
        return cluster
    }
}
