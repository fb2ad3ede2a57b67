import Model

/// The schemas that every document holds besides those of its kinds: what Kubernetes' own kinds look like here.
enum SchemaComponents {
    /// The names are those Kubernetes gives them, so that clients made for it find what they know.
    private static let meta = "io.k8s.apimachinery.pkg.apis.meta.v1"

    static let status = "\(meta).Status"
    static let listMeta = "\(meta).ListMeta"
    static let deleteOptions = "\(meta).DeleteOptions"
    static let scale = "io.k8s.api.autoscaling.v1.Scale"

    /// All of them by name.
    static var all: Value.Members {
        [
            SchemaWriter.metadataName: SchemaWriter.openAPI(ObjectMeta.schema).merging(
                patch: ["description": "Identity, labels and history of a record."]),
            status: object(
                "How a request ended, when it did not give records.",
                [
                    ("apiVersion", text("The version: v1.")), ("kind", text("The kind: Status.")),
                    ("metadata", ["type": "object", "description": "Empty."]),
                    ("status", text("Success or Failure.", ["Success", "Failure"])),
                    ("message", text("Why, in a sentence for people.")), ("reason", text("Why, in one word.")),
                    ("details", details), ("code", integer("The HTTP status.")),
                ]),
            listMeta: object(
                "What a list says of itself.",
                [
                    ("resourceVersion", text("The revision of the store that the list shows.")),
                    ("continue", text("Where the next page begins; none on the last.")),
                    ("remainingItemCount", integer("How many records follow this page.")),
                ]),
            deleteOptions: object(
                "How a record is to be removed.",
                [
                    ("apiVersion", text("The version.")), ("kind", text("The kind.")),
                    (
                        "dryRun",
                        ["type": "array", "items": ["type": "string"], "description": "All: say what would happen."]
                    ),
                    ("gracePeriodSeconds", integer("Taken note of; records go when their finalizers have.")),
                    ("orphanDependents", ["type": "boolean", "description": "Whether what it owns stays."]),
                    (
                        "preconditions",
                        object(
                            "What must be true of the record.",
                            [("uid", text("Its identity.")), ("resourceVersion", text("Its version."))])
                    ),
                    (
                        "propagationPolicy",
                        text("What becomes of what it owns.", ["Orphan", "Background", "Foreground"])
                    ),
                ]),
        ]
    }

    /// The scale of a kind that can be scaled.
    static var scaleSchema: Value {
        object(
            "How many members there should be, and are.",
            [
                ("apiVersion", text("The version: autoscaling/v1.")), ("kind", text("The kind: Scale.")),
                ("metadata", SchemaWriter.metadata),
                (
                    "spec",
                    object("What is wanted.", [("replicas", integer("The number of members."))])
                ),
                (
                    "status",
                    object(
                        "What is.",
                        [
                            ("replicas", integer("The number of members.")),
                            ("selector", text("Which labels they have; members are no records, so none.")),
                        ])
                ),
            ])
    }

    /// The list of a kind's records.
    static func list(of kind: Kind) -> Value {
        object(
            "A list of \(kind.name) records.",
            [
                ("apiVersion", text("The API group and its version.")), ("kind", text("The kind: \(kind.name)List.")),
                ("metadata", ["allOf": [SchemaWriter.reference(to: listMeta)]]),
                (
                    "items",
                    [
                        "type": "array", "description": "The records.",
                        "items": SchemaWriter.reference(to: SchemaWriter.name(of: kind)),
                    ]
                ),
            ], required: ["items"])
    }

    private static var details: Value {
        let cause = object(
            "What is wrong with a field.",
            [
                ("field", text("The field.")), ("message", text("What is wrong.")),
                ("reason", text("What kind of error it is.")),
            ])
        return object(
            "What it is about.",
            [
                ("name", text("The record's name.")), ("group", text("The API group.")),
                ("kind", text("The kind, or its plural.")), ("uid", text("The record's identity.")),
                ("causes", ["type": "array", "items": cause, "description": "What is wrong with which fields."]),
                ("retryAfterSeconds", integer("After how many seconds to try again.")),
            ])
    }

    private static func object(_ description: String, _ fields: [(String, Value)], required: [Value] = []) -> Value {
        var properties = Value.Members()
        for (name, schema) in fields { properties[name] = schema }
        var document: Value = [
            "type": "object", "description": .string(description), "properties": .object(properties),
        ]
        document["required"] = required.isEmpty ? nil : .array(required)
        return document
    }

    private static func text(_ description: String, _ words: [Value] = []) -> Value {
        var document: Value = ["type": "string", "description": .string(description)]
        document["enum"] = words.isEmpty ? nil : .array(words)
        return document
    }

    private static func integer(_ description: String) -> Value {
        ["type": "integer", "format": "int64", "description": .string(description)]
    }
}
