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
            let bytes = Self.document(of: kinds.kinds(in: version), in: version).jsonBytes
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

    private static func document(of kinds: [RegisteredKind], in version: GroupVersion) -> Value {
        var paths = Value.Members()
        var schemas = SchemaComponents.all
        if kinds.contains(where: { Scale.isOffered(by: $0.kind) }) {
            schemas[SchemaComponents.scale] = SchemaComponents.scaleSchema
        }
        for registered in kinds {
            for (path, operations) in SchemaPaths.paths(of: registered.kind) { paths[path] = operations }
            schemas[SchemaWriter.name(of: registered.kind)] = SchemaWriter.record(registered)
            schemas[SchemaWriter.listName(of: registered.kind)] = SchemaComponents.list(of: registered.kind)
        }
        return [
            "openapi": "3.0.0", "info": ["title": "Lodestone", "version": .string(version.name)],
            "paths": .object(paths), "components": ["schemas": .object(schemas)],
        ]
    }
}
