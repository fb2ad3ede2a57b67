/// Something that happened to a record (core/v1 `Event`).
public struct Event: Resource {
    /// What records of the kind are for.
    public static let summary = "Something that happened to a record, and how often."
    /// The kind.
    public static let kind = Kind(
        group: "", version: "v1", name: "Event", plural: "events", shortNames: ["ev"], isNamespaced: true,
        hasStatus: false)
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// The record it happened to.
    public var involvedObject = ObjectReference()
    /// What happened, in one word for programs.
    public var reason = ""
    /// What happened, in a sentence for people.
    public var message = ""
    /// Who saw it.
    public var source = EventSource()
    /// When it was first seen.
    public var firstTimestamp: Timestamp?
    /// When it was last seen.
    public var lastTimestamp: Timestamp?
    /// How often it was seen.
    public var count: Int64 = 1
    /// `Normal` or `Warning`.
    public var type = "Normal"
    /// The name of the controller, in the newer form of events.
    public var reportingComponent = ""
    /// The instance of the controller, in the newer form of events.
    public var reportingInstance = ""
    /// The moment, in the newer form of events, kept as it is: Kubernetes wants exactly six digits here.
    public var eventTime: Value?

    /// Creates an empty record.
    public init() {}

    /// The fields.
    public static let fields: [Field<Event>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("involvedObject", \.involvedObject, "The record it happened to."),
        Field("reason", \.reason, "What happened, in one word for programs."),
        Field("message", \.message, "What happened, in a sentence for people."),
        Field("source", \.source, "Who saw it."),
        Field("firstTimestamp", \.firstTimestamp, "When it was first seen."),
        Field("lastTimestamp", \.lastTimestamp, "When it was last seen."),
        Field("count", \.count, "How often it was seen."),
        Field("type", \.type, "Normal or Warning."),
        Field("reportingComponent", \.reportingComponent, "The controller that reports it."),
        Field("reportingInstance", \.reportingInstance, "The instance of the controller."),
        Field("eventTime", \.eventTime, "When it happened, to the microsecond."),
    ]

    /// The table.
    public static let columns: [Column<Event>] = [
        Column("Last Seen", "How long ago it was last seen.", since: { record in record.lastTimestamp }),
        Column("Type", "Normal or Warning.") { record in .string(record.type) },
        Column("Reason", "What happened, in one word.") { record in .string(record.reason) },
        Column("Object", "The record it happened to.") { record in
            .string("\(record.involvedObject.kind.lowercased())/\(record.involvedObject.name)")
        },
        Column("Count", "How often it was seen.", type: .integer, wide: true) { record in .integer(record.count) },
        Column("Message", "What happened.") { record in .string(record.message) },
    ]
}

/// The record an event is about.
public struct ObjectReference: Structure, Hashable {
    /// The kind.
    public var kind = ""
    /// The namespace.
    public var namespace = ""
    /// The name.
    public var name = ""
    /// The identity.
    public var uid = ""
    /// The API group and version.
    public var apiVersion = ""
    /// The revision of the record it happened to.
    public var resourceVersion = ""
    /// The part of the record, if it is about a part.
    public var fieldPath = ""

    /// Creates an empty reference.
    public init() {}

    /// Creates a reference to a record.
    public init(to record: some Resource) {
        kind = type(of: record).kind.name
        apiVersion = type(of: record).kind.apiVersion
        namespace = record.metadata.namespace
        name = record.metadata.name
        uid = record.metadata.uid
    }

    /// The fields.
    public static let fields: [Field<ObjectReference>] = [
        Field("kind", \.kind, "The record's kind."),
        Field("namespace", \.namespace, "The record's namespace."),
        Field("name", \.name, "The record's name."),
        Field("uid", \.uid, "The record's identity."),
        Field("apiVersion", \.apiVersion, "The record's API group and version."),
        Field("resourceVersion", \.resourceVersion, "The record's revision."),
        Field("fieldPath", \.fieldPath, "The part of the record."),
    ]
}

/// Who saw an event.
public struct EventSource: Structure {
    /// The controller.
    public var component = ""
    /// The machine.
    public var host = ""

    /// Creates an empty source.
    public init() {}

    /// The fields.
    public static let fields: [Field<EventSource>] = [
        Field("component", \.component, "The controller."),
        Field("host", \.host, "The machine."),
    ]
}
