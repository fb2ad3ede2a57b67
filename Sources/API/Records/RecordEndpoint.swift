import Model
import Store
import Transport

/// What can be done to records over HTTP.
///
/// The store knows the rules of versions, generations, finalizers and owners; here requests are read, records checked
/// and answers written, in the forms of the Kubernetes API.
struct RecordEndpoint: Sendable {
    let store: RecordGate
    let admission: Admission
    let rules: AccessGuard
    let now: @Sendable () -> Timestamp
    let watches: WatchCounter

    /// Answers a request for records.
    ///
    /// - Throws: the refusal to answer with.
    func respond(_ request: HTTPServerRequest, _ target: RecordTarget) async throws(APIStatus) -> HTTPServerResponse {
        guard let name = target.name else {
            switch request.method {
            case "GET", "HEAD":
                return request.isOn("watch") ? try await watch(request, target) : try await list(request, target)
            case "POST": return try await create(request, target)
            case "DELETE": return try await deleteCollection(request, target)
            default: throw .methodNotAllowed
            }
        }
        let id = RecordID(target.kind.kind, namespace: target.namespace ?? "", name: name)
        switch (request.method, target.subresource) {
        case (_, .scale): return try await scale(request, target, id)
        case ("GET", _), ("HEAD", _): return try await get(request, target, id)
        case ("PUT", _): return try await update(request, target, id)
        case ("PATCH", _): return try await patch(request, target, id)
        case ("DELETE", nil): return try await delete(request, id)
        default: throw .methodNotAllowed
        }
    }

    /// Answers a request for the size of a record.
    private func scale(
        _ request: HTTPServerRequest, _ target: RecordTarget, _ id: RecordID
    ) async throws(APIStatus) -> HTTPServerResponse {
        do throws(APIStatus) {
            switch request.method {
            case "GET", "HEAD":
                let record = try await answering { () async throws(StoreError) in try await store.get(id) }
                guard AcceptHeader(request).wantsTable else { return answer(record, target, []) }
                return .json(Scale.table(of: Scale.document(of: record.document), at: now()))
            case "PUT": return try await update(request, target, id)
            case "PATCH": return try await patch(request, target, id)
            default: throw .methodNotAllowed
            }
        } catch {
            throw Scale.renamed(error)
        }
    }

    // MARK: Reading

    private func get(
        _ request: HTTPServerRequest, _ target: RecordTarget, _ id: RecordID
    ) async throws(APIStatus) -> HTTPServerResponse {
        let record = try await answering { () async throws(StoreError) in try await store.get(id) }
        guard let table = try RecordTable(request, target.kind) else { return .json(record.document) }
        return .json(table.document(of: [record], revision: record.revision, at: now()))
    }

    private func list(
        _ request: HTTPServerRequest, _ target: RecordTarget
    ) async throws(APIStatus) -> HTTPServerResponse {
        var query = try RecordQuery(request, target)
        if let text = request.query("limit"), !text.isEmpty {
            guard let limit = Int(text), limit >= 0 else {
                throw APIStatus(.badRequest, "limit must be a number of records, not \"\(text)\"")
            }
            query.limit = limit == 0 ? nil : limit
        }
        if let text = request.query("continue"), !text.isEmpty {
            guard let token = ContinueToken(text) else {
                throw APIStatus(.badRequest, "continue: \"\(text)\" is no token this server gave out")
            }
            query.continuation = token
        }
        let wanted = query
        let list = try await answering { () async throws(StoreError) in try await store.list(wanted) }
        let continuation = list.continuation?.text
        if let table = try RecordTable(request, target.kind) {
            return .json(
                table.document(of: list.records, revision: list.revision, continuation: continuation, at: now()))
        }
        return .json(bytes: Self.listDocument(list, of: target.kind.kind))
    }

    /// The list as JSON, the records one after the other, without ever being one value.
    private static func listDocument(_ list: RecordList, of kind: Kind) -> [UInt8] {
        let head: Value = [
            "kind": .string("\(kind.name)List"), "apiVersion": .string(kind.apiVersion),
            "metadata": listMetadata(revision: list.revision, continuation: list.continuation?.text),
        ]
        var bytes = head.jsonBytes
        bytes.removeLast()
        bytes += #","items":["#.utf8
        for (index, record) in list.records.enumerated() {
            if index > 0 {
                bytes.append(UInt8(ascii: ","))
            }
            bytes += record.json
        }
        bytes += "]}".utf8
        return bytes
    }

    /// The metadata of a list or table.
    static func listMetadata(revision: Int64, continuation: String?) -> Value {
        var metadata: Value = ["resourceVersion": .string(String(revision))]
        if let continuation {
            metadata["continue"] = .string(continuation)
        }
        return metadata
    }
}
