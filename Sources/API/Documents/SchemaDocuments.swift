import Crypto
import Model
import Transport

/// The schemas of the kinds as OpenAPI documents, which kubectl needs for `explain`, and before it applies anything.
struct SchemaDocuments: Sendable {
    private struct Document: Sendable {
        let version: GroupVersion
        let bytes: [UInt8]
        let hash: String
    }

    private let documents: [Document]

    init(_ kinds: KindIndex) {
        documents = kinds.versions.map { version in
            let bytes = Self.document(of: kinds.kinds(in: version).map { ($0.kind, $0.schema) }, in: version).jsonBytes
            return Document(version: version, bytes: bytes, hash: Hex.encode(SHA256.hash(bytes).prefix(16)))
        }
    }

    /// The answer to `/openapi/v3`, where the documents are; the hash lets clients keep them for good.
    var index: Value {
        var paths = Value.Members()
        for document in documents {
            let url = "/openapi/v3/\(document.version.path)?hash=\(document.hash)"
            paths[document.version.path] = ["serverRelativeURL": .string(url)]
        }
        return ["paths": .object(paths)]
    }

    /// The answer to `/openapi/v3/apis/GROUP/VERSION`.
    ///
    /// - Throws: a refusal for a group version without a document.
    func answer(for version: GroupVersion, _ request: HTTPServerRequest) throws(APIStatus) -> HTTPServerResponse {
        guard let document = documents.first(where: { $0.version == version }) else { throw .unknownPath }
        let isPinned = request.query("hash") == document.hash
        return HTTPServerResponse(
            status: 200,
            headers: [
                HTTPServerField("Content-Type", "application/json"), HTTPServerField("ETag", "\"\(document.hash)\""),
                HTTPServerField("Vary", "Accept"),
                HTTPServerField(
                    "Cache-Control", isPinned ? "public, immutable, max-age=31536000" : "no-cache, private"),
            ], body: .bytes(document.bytes))
    }

    private static func document(of kinds: [(Kind, Schema)], in version: GroupVersion) -> Value {
        var paths = Value.Members()
        var schemas: Value.Members = [SchemaWriter.metadataName: SchemaWriter.openAPI(ObjectMeta.schema)]
        for (kind, schema) in kinds {
            let (collection, item) = SchemaPaths.paths(of: kind)
            paths[collection.path] = collection.operations
            paths[item.path] = item.operations
            schemas[SchemaWriter.name(of: kind)] = SchemaWriter.record(kind, schema)
        }
        return [
            "openapi": "3.0.0", "info": ["title": "Lodestone", "version": .string(version.name)],
            "paths": .object(paths), "components": ["schemas": .object(schemas)],
        ]
    }
}

/// The operations on a kind's records, as OpenAPI describes them.
///
/// Only what clients look at: kubectl takes the PATCH operation's parameter `fieldValidation` as the sign that the
/// server validates, and its content types as the ways to apply.
private enum SchemaPaths {
    typealias Path = (path: String, operations: Value)

    static func paths(of kind: Kind) -> (collection: Path, item: Path) {
        let scope = kind.isNamespaced ? "/namespaces/{namespace}" : ""
        let collection = "/\(GroupVersion(of: kind).path)\(scope)/\(kind.plural)"
        let record: Value = [
            "content": ["application/json": ["schema": SchemaWriter.reference(to: SchemaWriter.name(of: kind))]]
        ]
        func operation(_ action: String, isWrite: Bool = false, body: Value? = nil) -> Value {
            var operation: Value = [
                "x-kubernetes-action": .string(action),
                "x-kubernetes-group-version-kind": SchemaWriter.identity(of: kind),
                "responses": ["200": record.merging(patch: ["description": "OK"])],
            ]
            operation["requestBody"] = body
            if isWrite {
                operation["parameters"] = ["dryRun", "fieldManager", "fieldValidation"]
            }
            if let names = operation["parameters"]?.array {
                operation["parameters"] = .array(
                    names.map { ["name": $0, "in": "query", "schema": ["type": "string"]] })
            }
            return operation
        }
        // Strategic merge patch is not listed for kinds kubectl does not know: it would compute one from this schema.
        let patches =
            ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
            + (kind.group.isEmpty ? ["application/strategic-merge-patch+json"] : [])
        var patchTypes = Value.Members()
        for type in patches {
            patchTypes[type] = ["schema": ["type": "object"]]
        }
        return (
            (
                collection,
                [
                    "get": operation("list"), "post": operation("post", isWrite: true, body: record),
                    "parameters": .array(kind.isNamespaced ? [parameter("namespace")] : []),
                ]
            ),
            (
                "\(collection)/{name}",
                [
                    "get": operation("get"), "put": operation("put", isWrite: true, body: record),
                    "patch": operation("patch", isWrite: true, body: ["content": .object(patchTypes)]),
                    "delete": operation("delete"),
                    "parameters": .array((kind.isNamespaced ? ["namespace", "name"] : ["name"]).map(parameter)),
                ]
            )
        )
    }

    private static func parameter(_ name: String) -> Value {
        ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string"]]
    }
}
