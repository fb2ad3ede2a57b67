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
    let watches: WatchBoard
    let shared: SharedForms

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
}
