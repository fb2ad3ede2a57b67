import ControllerRuntime
import Model
import Store
import Telemetry
import TestSupport
import Transport

@testable import Controller

/// The reconcilers' services over a store in a directory of its own; without loops, tests make the passes.
struct ControllerParts {
    let store: RecordStore
    let services: ControllerServices
    let wakeups: Wakeups
    let metrics: MetricsRegistry

    /// Lends services, and takes everything away in all cases.
    static func run(
        loops: ControllerLoops.Options? = nil, _ body: (ControllerParts) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory("controller")
        let engine = HTTPEngine(name: "members")
        defer { engine.shutdown() }
        let store = try await RecordStore.open(StoreOptions(directory: directory.file("store")))
        let metrics = MetricsRegistry()
        let wakeups = Wakeups()
        let services = ControllerServices(
            store: store, engine: engine,
            local: try LocalProvider(options: LocalProvider.Options(root: directory.file("members"))),
            archives: BackupArchives(
                defaultDirectory: directory.file("backups"), scratchDirectory: directory.file("scratch"),
                writer: "test", engine: engine),
            events: EventRecorder(store: store, logger: .silent, metrics: metrics), wakeups: wakeups, logger: .silent)
        let parts: [any Component] =
            loops.map { ControllerLoops.components(services, options: $0, logger: .silent, metrics: metrics) }
            ?? [services.lookout]
        try await withThrowingTaskGroup { group in
            group.addTask { try await Manager(parts, logger: .silent).run() }
            do {
                try await body(ControllerParts(store: store, services: services, wakeups: wakeups, metrics: metrics))
            } catch {
                group.cancelAll()
                while (await group.nextResult()) != nil {}
                await store.close()
                throw error
            }
            group.cancelAll()
            while (await group.nextResult()) != nil {}
        }
        await store.close()
    }

    /// The record of an imported cluster at these endpoints, stored.
    func importCluster(
        _ name: String, at endpoints: [String], _ change: (inout EtcdCluster) -> Void = { _ in }
    ) async throws -> EtcdCluster {
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(name: name)
        cluster.spec.provider = .imported
        cluster.spec.endpoints = endpoints
        change(&cluster)
        return try await store.create(cluster)
    }

    /// A stored inspection of a cluster, owned by nobody.
    func inspect(
        _ cluster: EtcdCluster, _ type: InspectionType, _ change: (inout EtcdInspection) -> Void = { _ in }
    ) async throws -> EtcdInspection {
        var inspection = EtcdInspection()
        inspection.metadata = ObjectMeta(name: "\(cluster.metadata.name)-\(type.rawValue.lowercased())")
        inspection.spec.clusterRef = LocalReference(name: cluster.metadata.name)
        inspection.spec.type = type
        change(&inspection)
        inspection.applyDefaults()
        return try await store.create(inspection)
    }
}
