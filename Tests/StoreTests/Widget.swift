import Model
import Store
import TestSupport
import Testing

/// A kind of record for tests: something with a size wanted and a phase reported.
struct Widget: SpecifiedResource {
    static let summary = "Something for tests."
    static let kind = Kind("Widget", plural: "widgets", shortNames: ["w"])
    static let columns: [Column<Widget>] = []
    static let fields: [Field<Widget>] = [
        Field("metadata", \.metadata, "Identity."), Field("spec", \.spec, "What is wanted."),
        Field("status", \.status, "What is."),
    ]

    struct Spec: Structure {
        static let fields: [Field<Spec>] = [
            Field("size", \.size, "How large."), Field("note", \.note, "Anything."),
        ]
        var size: Int64 = 1
        var note = ""
    }

    struct Status: Structure {
        static let fields: [Field<Status>] = [
            Field("phase", \.phase, "How far."), Field("seen", \.seen, "How large it is."),
        ]
        var phase = ""
        var seen: Int64 = 0
    }

    var metadata = ObjectMeta()
    var spec = Spec()
    var status = Status()

    init() {}

    init(_ name: String, namespace: String = "default", size: Int64 = 1, labels: [String: String] = [:]) {
        metadata = ObjectMeta(name: name, namespace: namespace)
        metadata.labels = labels
        spec.size = size
    }

    var id: RecordID { RecordID(of: self) }
    var revision: Int64 { Int64(metadata.resourceVersion) ?? 0 }
}

/// A directory for stores, removed with the suite that holds it.
struct ScratchDirectory: Sendable {
    private let directory = Result { try TemporaryDirectory("store") }

    var path: String {
        get throws { try directory.get().path }
    }

    /// A store in the directory.
    func open(
        _ configure: (inout StoreOptions) -> Void = { _ in }, now: @escaping @Sendable () -> Timestamp = { .now }
    ) async throws -> RecordStore {
        try await RecordStore.open(try options(configure), now: now)
    }

    func options(_ configure: (inout StoreOptions) -> Void = { _ in }) throws -> StoreOptions {
        var options = StoreOptions(
            directory: try path, kinds: [Namespace.kind, Secret.kind, Event.kind, EtcdCluster.kind, Widget.kind])
        configure(&options)
        return options
    }
}

extension RecordQuery {
    /// All widgets.
    static var widgets: RecordQuery { RecordQuery(Widget.kind) }
}

extension WatchEvent {
    /// The event in a few words, for comparisons.
    var summary: String {
        switch self {
        case .added(let record): "added \(record.id.name)"
        case .modified(let record, _): "modified \(record.id.name)"
        case .deleted(let record): "deleted \(record.id.name)"
        case .complete: "complete"
        case .bookmark: "bookmark"
        }
    }
}
