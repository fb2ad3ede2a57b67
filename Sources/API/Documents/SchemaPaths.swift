import Model

/// The operations on a kind's records, as OpenAPI describes them.
///
/// kubectl looks at a part of it: it takes the PATCH operation's parameter `fieldValidation` as the sign that the server
/// validates, and its content types as the ways to apply.
struct SchemaPaths {
    typealias Path = (path: String, operations: Value)

    private let kind: Kind
    private let name: String

    /// The paths of a kind: its collections, a record, and the parts of a record.
    static func paths(of kind: Kind) -> [Path] {
        let paths = SchemaPaths(kind: kind, name: SchemaWriter.name(of: kind))
        return paths.collections + paths.items
    }

    private var root: String { "/\(GroupVersion(of: kind).path)" }
    private var collection: String { "\(root)\(kind.isNamespaced ? "/namespaces/{namespace}" : "")/\(kind.plural)" }
    private var scope: [Value] { kind.isNamespaced ? [Self.inPath("namespace", "The namespace.")] : [] }
    private var itemScope: [Value] { scope + [Self.inPath("name", "The record's name.")] }

    // MARK: Collections

    private var collections: [Path] {
        let list = operation(
            "list", "Lists records, a page at a time if asked.", parameters: Self.selection + Self.paging,
            answer: SchemaWriter.reference(to: SchemaWriter.listName(of: kind)))
        let create = operation(
            "post", "Creates a record.", parameters: Self.writing, body: Self.body(reference), answer: reference,
            code: "201")
        var here: Value = ["get": list, "post": create, "parameters": .array(scope)]
        // All of a namespace's records, but never all namespaces.
        if kind != Namespace.kind {
            here["delete"] = operation(
                "deletecollection", "Removes the records that are selected.",
                parameters: Self.selection + Self.removing,
                body: Self.body(SchemaWriter.reference(to: SchemaComponents.deleteOptions), isRequired: false),
                answer: SchemaWriter.reference(to: SchemaWriter.listName(of: kind)))
        }
        guard kind.isNamespaced else { return [(collection, here)] }
        return [
            (collection, here),
            (
                "\(root)/\(kind.plural)",
                ["get": list.merging(patch: ["operationId": .string("list\(kind.name)ForAllNamespaces")])]
            ),
        ]
    }

    // MARK: Records

    private var items: [Path] {
        let record: Value = [
            "get": operation("get", "Reads a record.", answer: reference),
            "put": operation(
                "put", "Replaces a record.", parameters: Self.writing, body: Self.body(reference), answer: reference),
            "patch": patch("", reference, creates: true),
            "delete": operation(
                "delete", "Removes a record, or marks it while somebody must finish first.", parameters: Self.removing,
                body: Self.body(SchemaWriter.reference(to: SchemaComponents.deleteOptions), isRequired: false),
                answer: ["anyOf": [SchemaWriter.reference(to: SchemaComponents.status), reference]]),
            "parameters": .array(itemScope),
        ]
        var paths: [Path] = [("\(collection)/{name}", record)]
        if kind.hasStatus { paths.append(part("status", "status", reference)) }
        if Scale.isOffered(by: kind) {
            paths.append(part("scale", "size", SchemaWriter.reference(to: SchemaComponents.scale)))
        }
        return paths
    }

    private func part(_ subresource: String, _ words: String, _ document: Value) -> Path {
        (
            "\(collection)/{name}/\(subresource)",
            [
                "get": operation("get", "Reads the \(words) of a record.", of: subresource, answer: document),
                "put": operation(
                    "put", "Replaces the \(words) of a record.", of: subresource, parameters: Self.writing,
                    body: Self.body(document), answer: document),
                "patch": patch(subresource, document, creates: false),
                "parameters": .array(itemScope),
            ]
        )
    }

    private func patch(_ subresource: String, _ document: Value, creates: Bool) -> Value {
        let object: Value = ["schema": ["type": "object"]]
        var types: Value.Members = [
            "application/json-patch+json": [
                "schema": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["op", "path"],
                        "properties": [
                            "op": ["type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"]],
                            "path": ["type": "string"], "from": ["type": "string"], "value": [:],
                        ],
                    ],
                ]
            ],
            "application/merge-patch+json": object, "application/apply-patch+yaml": object,
        ]
        // Not listed for kinds kubectl does not know: it would compute such a patch from this schema.
        if kind.group.isEmpty {
            types["application/strategic-merge-patch+json"] = object
        }
        var operation = operation(
            "patch", "Changes a record, or applies what a manager wants of it.", of: subresource,
            parameters: Self.writing + [
                Self.inQuery("force", "Whether to take over what others own.", ["type": "boolean"])
            ],
            body: ["required": true, "content": .object(types)], answer: document)
        if creates {
            operation = operation.merging(patch: ["responses": ["201": Self.answer(document)]])
        }
        return operation
    }

    // MARK: Parts of operations

    private var reference: Value { SchemaWriter.reference(to: name) }

    private func operation(
        _ action: String, _ summary: String, of subresource: String = "", parameters: [Value] = [], body: Value? = nil,
        answer: Value, code: String = "200"
    ) -> Value {
        let part = subresource.prefix(1).uppercased() + subresource.dropFirst()
        var operation: Value = [
            "operationId": .string("\(action)\(kind.name)\(part)"), "description": .string(summary),
            "x-kubernetes-action": .string(action), "x-kubernetes-group-version-kind": SchemaWriter.identity(of: kind),
            "responses": [
                code: Self.answer(answer),
                "default": Self.answer(
                    SchemaWriter.reference(to: SchemaComponents.status), "A refusal, with its reason"),
                // The transport answers these itself, before there is a request that anybody could look at.
                "414": ["description": "The path and query are longer than the server reads."],
                "431": ["description": "The headers and query are larger than the server reads."],
            ],
        ]
        operation["parameters"] = parameters.isEmpty ? nil : .array(parameters)
        operation["requestBody"] = body
        return operation
    }

    private static func answer(_ schema: Value, _ description: Value = "OK") -> Value {
        ["description": description, "content": ["application/json": ["schema": schema]]]
    }

    private static func body(_ schema: Value, isRequired: Bool = true) -> Value {
        ["required": .bool(isRequired), "content": ["application/json": ["schema": schema]]]
    }

    private static var selection: [Value] {
        [
            inQuery("labelSelector", "Only records with such labels, as \"tier=gold,!old\"."),
            inQuery("fieldSelector", "Only records with such fields, as \"metadata.name=orders\"."),
        ]
    }

    private static var paging: [Value] {
        [
            inQuery("limit", "How many records to list at once.", ["type": "integer", "minimum": 0]),
            inQuery("continue", "Where the page begins, as the one before it said."),
            inQuery("resourceVersion", "The revision of the store to show."),
            inQuery(
                "resourceVersionMatch", "How the revision is meant.",
                ["type": "string", "enum": ["Exact", "NotOlderThan"]]),
        ]
    }

    private static var writing: [Value] {
        [
            dryRun, inQuery("fieldManager", "By what name the writer owns the fields it sets."),
            inQuery(
                "fieldValidation", "What to do with fields that do not exist.",
                ["type": "string", "enum": ["Ignore", "Warn", "Strict"]]),
        ]
    }

    private static var removing: [Value] {
        [
            dryRun, inQuery("gracePeriodSeconds", "Taken note of.", ["type": "integer", "minimum": 0]),
            inQuery(
                "propagationPolicy", "What becomes of what the record owns.",
                ["type": "string", "enum": ["Orphan", "Background", "Foreground"]]),
        ]
    }

    private static var dryRun: Value {
        inQuery("dryRun", "All: say what would happen and change nothing.", ["type": "string", "enum": ["All"]])
    }

    private static func inQuery(_ name: String, _ description: String, _ schema: Value = ["type": "string"]) -> Value {
        ["name": .string(name), "in": "query", "description": .string(description), "schema": schema]
    }

    private static func inPath(_ name: String, _ description: String) -> Value {
        [
            "name": .string(name), "in": "path", "required": true, "description": .string(description),
            "schema": ["type": "string"],
        ]
    }
}
