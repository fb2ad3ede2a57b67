import Model

/// Writes the schemas of the model in the terms of OpenAPI 3.
enum SchemaWriter {
    /// The name under which all documents hold the schema of metadata, the one Kubernetes gives it.
    static let metadataName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

    /// The name of a kind's schema: the group backwards, as Kubernetes names them.
    static func name(of kind: Kind) -> String {
        let prefix =
            kind.group.isEmpty ? "io.k8s.api.core" : kind.group.split(separator: ".").reversed().joined(separator: ".")
        return "\(prefix).\(kind.version).\(kind.name)"
    }

    /// The name of the schema of a kind's lists.
    static func listName(of kind: Kind) -> String { name(of: kind) + "List" }

    /// Metadata as a field.
    ///
    /// Beside a reference other words do not count, so it stands in a list of its own.
    static var metadata: Value {
        ["allOf": [reference(to: metadataName)], "description": "Identity, labels and history."]
    }

    static func identity(of kind: Kind) -> Value {
        ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.name)]
    }

    static func reference(to name: String) -> Value {
        ["$ref": .string("#/components/schemas/\(name)")]
    }

    /// The schema of a kind's records.
    static func record(_ registered: RegisteredKind) -> Value {
        let kind = registered.kind
        var document = openAPI(registered.schema)
        document["description"] = .string(registered.summary)
        var properties = Value.Members()
        for name in ["apiVersion", "kind"] {
            properties[name] = [
                "type": "string",
                "description": .string(name == "kind" ? "The kind of the record." : "The API group and its version."),
            ]
        }
        for (name, property) in document["properties"]?.members ?? [:] {
            properties[name] =
                name != "metadata"
                ? property
                : metadata
        }
        document["properties"] = .object(properties)
        // At the schema a list, at operations an object: so kubectl expects it.
        document["x-kubernetes-group-version-kind"] = [identity(of: kind)]
        return document
    }

    /// A schema of the model.
    static func openAPI(_ schema: Schema) -> Value {
        var document = shape(schema.shape)
        document["minimum"] = schema.minimum.map { .integer($0) }
        document["maximum"] = schema.maximum.map { .integer($0) }
        document["example"] = schema.example.map { .string($0) }
        document["default"] = schema.defaultValue
        if case .array = schema.shape {
            switch schema.listType {
            case .atomic: document["x-kubernetes-list-type"] = "atomic"
            case .set: document["x-kubernetes-list-type"] = "set"
            case .map(let keys):
                document["x-kubernetes-list-type"] = "map"
                document["x-kubernetes-list-map-keys"] = .array(keys.map { .string($0) })
            }
        }
        return document
    }

    private static func shape(_ shape: Schema.Shape) -> Value {
        switch shape {
        case .string(let words, let format):
            var document: Value = ["type": "string"]
            document["enum"] = words.isEmpty ? nil : .array(words.map { .string($0) })
            document["format"] = format.map { .string($0) }
            return document
        case .integer: return ["type": "integer", "format": "int64"]
        case .number: return ["type": "number", "format": "double"]
        case .boolean: return ["type": "boolean"]
        case .array(let element): return ["type": "array", "items": openAPI(element)]
        case .map(let element): return ["type": "object", "additionalProperties": openAPI(element)]
        case .any: return ["x-kubernetes-preserve-unknown-fields": true]
        case .object(let fields):
            var properties = Value.Members()
            for field in fields {
                properties[field.name] = openAPI(field.schema).merging(
                    patch: ["description": .string(field.description)])
            }
            var document: Value = ["type": "object", "properties": .object(properties)]
            let required = fields.filter(\.isRequired).map { Value.string($0.name) }
            document["required"] = required.isEmpty ? nil : .array(required)
            return document
        }
    }
}
