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
    }

    /// The record a POST or PUT brings; JSON unless it says that it is YAML.
    ///
    /// - Throws: a refusal for another form, for an empty body and for text that cannot be read.
    static func document(_ request: HTTPServerRequest) throws(APIStatus) -> Value {
        guard !request.body.isEmpty else { throw APIStatus(.badRequest, "the request has no body") }
        switch contentType(request) {
        case "", "application/json": return try json(request.body)
        case "application/yaml", "application/x-yaml", "text/yaml": return try yaml(request.body)
        case let other:
            throw APIStatus(
                .unsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: application/json, "
                    + "application/yaml; not \(other)")
        }
    }

    /// The patch a PATCH brings.
    ///
    /// - Throws: a refusal for a form this server does not take, and for text that is no JSON object.
    static func patch(_ request: HTTPServerRequest) throws(APIStatus) -> (PatchType, Value) {
        let type: PatchType
        switch contentType(request) {
        case "application/merge-patch+json": type = .merge
        case "application/strategic-merge-patch+json": type = .strategic
        case let other:
            throw APIStatus(
                .unsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: "
                    + "application/merge-patch+json, application/strategic-merge-patch+json; not \(other)")
        }
        let document = try json(request.body)
        guard document.members != nil else {
            throw APIStatus(.badRequest, "a merge patch must be an object, not \(document.typeName)")
        }
        return (type, document)
    }

    /// The options in the body of a DELETE; empty if there are none.
    ///
    /// - Throws: a refusal for text that is not JSON.
    static func options(_ request: HTTPServerRequest) throws(APIStatus) -> Value {
        request.body.isEmpty ? [:] : try json(request.body)
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
