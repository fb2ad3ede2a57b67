import Manifests
import Model
import Transport

/// The document in a request's body.
enum RequestBody {
    /// The ways to change a record with PATCH that this server takes.
    enum PatchType {
        /// JSON merge patch (RFC 7386).
        case merge
        /// Kubernetes' strategic merge patch, which is the same for kinds whose lists have no merge keys: all of ours
        /// but for finalizers and owners, see ``MergePatch``.
        case strategic
        /// A list of operations (RFC 6902).
        case json
        /// What a manager wants of a record, and nothing else (server-side apply).
        case apply
    }

    private static let patchTypes: [(name: String, type: PatchType)] = [
        ("application/json-patch+json", .json), ("application/merge-patch+json", .merge),
        ("application/apply-patch+yaml", .apply), ("application/strategic-merge-patch+json", .strategic),
    ]

    /// The record a POST or PUT brings; JSON unless it says that it is YAML.
    ///
    /// - Throws: a refusal for another form, for an empty body and for text that cannot be read.
    static func document(_ request: HTTPServerRequest) throws(APIStatus) -> Value {
        guard !request.body.isEmpty else { throw APIStatus(.badRequest, "the request has no body") }
        switch contentType(request) {
        case "", "application/json": return try json(request.body)
        case "application/yaml", "application/x-yaml", "text/yaml": return try yaml(request.body)
        case ProtobufDocument.mediaType: return try protobuf(request.body)
        case let other:
            throw APIStatus(
                .unsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: application/json, "
                    + "application/yaml, \(ProtobufDocument.mediaType); not \(other)")
        }
    }

    /// The way in which a PATCH changes a record.
    ///
    /// - Throws: a refusal for a form this server does not take.
    static func patchType(_ request: HTTPServerRequest) throws(APIStatus) -> PatchType {
        let given = contentType(request)
        guard let known = patchTypes.first(where: { $0.name == given }) else {
            throw APIStatus(
                .unsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: "
                    + patchTypes.map(\.name).joined(separator: ", ") + "; not \(given)")
        }
        return known.type
    }

    /// The patch a PATCH brings: an object, but a list where it is one of operations.
    ///
    /// - Throws: a refusal for text that cannot be read.
    static func patch(_ request: HTTPServerRequest, _ type: PatchType) throws(APIStatus) -> Value {
        let document: Value
        switch type {
        case .json: return try json(request.body)
        case .merge, .strategic: document = try json(request.body)
        case .apply:
            // Clients send JSON under the name of YAML, which it is, but for some characters in texts.
            if let plain = try? Value(json: request.body) {
                document = plain
            } else {
                document = try yaml(request.body)
            }
        }
        guard document.members != nil else {
            throw APIStatus(
                .badRequest,
                "\(type == .apply ? "what is applied" : "a merge patch") must be an object, not "
                    + document.typeName)
        }
        return document
    }

    /// The options in the body of a DELETE; empty if there are none.
    ///
    /// - Throws: a refusal for what is no object.
    static func options(_ request: HTTPServerRequest) throws(APIStatus) -> Value {
        guard !request.body.isEmpty else { return [:] }
        let document =
            contentType(request) == ProtobufDocument.mediaType ? try protobuf(request.body) : try json(request.body)
        guard document.members != nil else {
            throw APIStatus(.badRequest, "the options of a removal must be an object, not \(document.typeName)")
        }
        return document
    }

    private static func contentType(_ request: HTTPServerRequest) -> String {
        AcceptHeader.mediaType(request.header("content-type") ?? "").type
    }

    private static func json(_ bytes: [UInt8]) throws(APIStatus) -> Value {
        do {
            return try Value(json: bytes)
        } catch {
            throw APIStatus(.badRequest, "the body of the request is not JSON: \(error)")
        }
    }

    private static func protobuf(_ bytes: [UInt8]) throws(APIStatus) -> Value {
        do throws(ProtobufError) {
            return try ProtobufDocument.read(bytes)
        } catch {
            guard case .unknownKind = error else {
                throw APIStatus(.badRequest, "the body of the request is not protobuf as Kubernetes has it: \(error)")
            }
            throw APIStatus(.unsupportedMediaType, "\(error)")
        }
    }

    private static func yaml(_ bytes: [UInt8]) throws(APIStatus) -> Value {
        let documents: [Value]
        do {
            documents = try YAML.documents(bytes)
        } catch {
            throw APIStatus(.badRequest, "the body of the request is not YAML: \(error)")
        }
        guard let document = documents.first, documents.count == 1 else {
            throw APIStatus(.badRequest, "the body of the request must hold one document, not \(documents.count)")
        }
        return document
    }
}
