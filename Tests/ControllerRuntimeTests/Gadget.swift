import Model
import Store
import Telemetry
import TestSupport

@testable import ControllerRuntime

/// A kind of record for tests: something with a size wanted and a size reached.
struct Gadget: SpecifiedResource {
    static let summary = "Something for tests."
    static let kind = Kind("Gadget", plural: "gadgets", shortNames: ["g"])
    static let columns: [Column<Gadget>] = []
    static let fields: [Field<Gadget>] = [
        Field("metadata", \.metadata, "Identity."), Field("spec", \.spec, "What is wanted."),
        Field("status", \.status, "What is."),
    ]

    struct Spec: Structure {
        static let fields: [Field<Spec>] = [Field("size", \.size, "How large.")]
        var size: Int64 = 1
    }

    struct Status: Structure {
        static let fields: [Field<Status>] = [
            Field("phase", \.phase, "How far."), Field("passes", \.passes, "How many passes saw it."),
        ]
        var phase = ""
        var passes: Int64 = 0
    }

    var metadata = ObjectMeta()
    var spec = Spec()
    var status = Status()

    init() {}

    init(_ name: String, size: Int64 = 1) {
        metadata = ObjectMeta(name: name)
        spec.size = size
    }
}

/// A reconciler that is a closure.
struct GadgetReconciler: Reconciler {
    let body: @Sendable (inout Gadget) async throws -> Outcome

    func reconcile(_ object: inout Gadget) async throws -> Outcome {
        try await body(&object)
    }

    /// That one more pass saw a gadget is no news.
    func isRoutine(_ object: Gadget, since base: Gadget) -> Bool {
        var quiet = object
        quiet.status.passes = base.status.passes
        return quiet == base
    }
}

/// A store with a loop over gadgets, in a directory that goes with it.
struct Workshop: Sendable {
    private let directory: TemporaryDirectory
    let store: RecordStore
    let wakeups = Wakeups()
    let metrics = MetricsRegistry()
    let lines = Shared<[String]>([])

    init(historyCount: Int64 = 20_000) async throws {
        directory = try TemporaryDirectory("loop")
        var options = StoreOptions(
            directory: directory.path, kinds: [Namespace.kind, Secret.kind, Event.kind, Gadget.kind])
        options.historyCount = historyCount
        store = try await RecordStore.open(options)
    }

    var logger: Logger {
        Logger(
            label: "test", level: .debug,
            sink: .closure(format: .text) { [lines] line in
                lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            })
    }

    func loop<Time: Clock>(
        _ clock: Time, _ configure: (inout LoopOptions) -> Void = { _ in }, filter: ChangeFilter = .exceptStatus,
        related: [RelatedRecords] = [], _ body: @escaping @Sendable (inout Gadget) async throws -> Outcome
    ) -> ControllerLoop<GadgetReconciler, Time> where Time.Duration == Duration {
        var options = LoopOptions()
        configure(&options)
        return ControllerLoop(
            GadgetReconciler(body: body), store: store, wakeups: wakeups, options: options, filter: filter,
            related: related, clock: clock, logger: logger, metrics: metrics)
    }

    func gadget(_ name: String) async throws -> Gadget {
        try await store.get(Gadget.self, named: name, in: "default")
    }

    /// How many passes ended in this way.
    func passes(_ outcome: String) async -> Double {
        let text = String(decoding: await metrics.exposition(), as: UTF8.self)
        let line = text.split(separator: "\n").first {
            $0.hasPrefix("lodestone_reconcile_total{") && $0.contains("outcome=\"\(outcome)\"")
        }
        return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
    }
}
