import Model
import Store
import Transport

/// Removing records.
extension RecordEndpoint {
    /// What becomes of dependents, as clients word it.
    ///
    /// Of ours they go with their owner or stay; that clients may wait for them makes no difference here, as a record
    /// and what it owns go in one step.
    private static let policies = ["Background", "Foreground", "None", "Orphan"]

    func delete(_ request: HTTPServerRequest, _ id: RecordID) async throws(APIStatus) -> HTTPServerResponse {
        switch try await remove(id, try Self.options(request)) {
        case .pending(let record): return .json(record.document)
        case .removed(let record):
            var details = APIStatus.Details(id.kind, name: id.name).document
            details["uid"] = record.document[path: "metadata", "uid"]
            return .json([
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
            ])
        }
    }

    /// Removes all records of a namespace that the selectors choose, and answers with a list of them.
    ///
    /// Each is asked for first without removing it: where one may not go, none does.
    func deleteCollection(
        _ request: HTTPServerRequest, _ target: RecordTarget
    ) async throws(APIStatus) -> HTTPServerResponse {
        // As in Kubernetes: neither namespaces nor the records of all of them are removed by one call.
        guard target.kind.kind != Namespace.kind, target.namespace != nil || !target.kind.kind.isNamespaced else {
            throw .methodNotAllowed
        }
        let query = try RecordQuery(request, target)
        let options = try Self.options(request)
        let list = try await answering { () async throws(StoreError) in try await store.list(query) }
        var removed: [Value] = []
        for isTrial in options.isDryRun ? [true] : [true, false] {
            var step = options
            step.isDryRun = isTrial
            removed = []
            for record in list.records {
                switch try await removeIfPresent(record.id, step) {
                case .pending(let last), .removed(let last): removed.append(last.document)
                case nil: continue
                }
            }
        }
        let kind = target.kind.kind
        return .json([
            "kind": .string("\(kind.name)List"), "apiVersion": .string(kind.apiVersion),
            "metadata": ["resourceVersion": .string(String(store.revision))], "items": .array(removed),
        ])
    }

    /// Removes a record that may be gone already.
    private func removeIfPresent(_ id: RecordID, _ options: DeleteOptions) async throws(APIStatus) -> Deletion? {
        do throws(APIStatus) {
            return try await remove(id, options)
        } catch {
            guard error.reason == .notFound else { throw error }
            return nil
        }
    }

    /// The one way on which records are removed for clients, also those of a collection, and on trial.
    ///
    /// - Throws: the refusal to answer with.
    func remove(_ id: RecordID, _ options: DeleteOptions) async throws(APIStatus) -> Deletion {
        func forbidden(_ why: String) -> APIStatus {
            APIStatus(
                .forbidden, "\(id.kind.qualifiedPlural) \"\(id.name)\" is forbidden: \(why)",
                details: APIStatus.Details(id.kind, name: id.name))
        }
        guard id != RecordID(Namespace.kind, namespace: "", name: "default") else {
            throw forbidden("this namespace may not be deleted")
        }
        try rules.checkRemoval(of: id)
        let record = try await answering { () async throws(StoreError) in try await store.get(id) }.document
        // One whose removal is under way goes on.
        if record[path: "metadata", "deletionTimestamp"] == nil,
            let objection = await admission.objection(record, id.kind)
        {
            throw forbidden(objection)
        }
        var options = options
        // What the rules were asked about is what goes, and not another record that took its name.
        options.uid = options.uid ?? record[path: "metadata", "uid"]?.string
        let wanted = options
        return try await answering { () async throws(StoreError) in try await store.delete(id, wanted) }
    }

    /// The options of a removal: those of the body, or of the query where the body does not speak of them.
    private static func options(_ request: HTTPServerRequest) throws(APIStatus) -> DeleteOptions {
        let body = try RequestBody.options(request)
        var options = DeleteOptions()
        options.uid = body[path: "preconditions", "uid"]?.string
        options.resourceVersion = body[path: "preconditions", "resourceVersion"]?.string
        let policy = body["propagationPolicy"]?.string ?? request.query("propagationPolicy") ?? ""
        guard policy.isEmpty || policies.contains(policy) else {
            throw APIStatus(
                .invalid,
                "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"\(policy)\": "
                    + "supported values: " + policies.map { "\"\($0)\"" }.joined(separator: ", "))
        }
        let leavesDependents = body["orphanDependents"] == true || request.isOn("orphanDependents")
        options.orphansDependents = policy == "Orphan" || policy.isEmpty && leavesDependents
        // A record goes when its finalizers have: a period of grace is taken note of by none of them.
        _ = try request.seconds("gracePeriodSeconds")
        let stages = request.query.filter { $0.name == "dryRun" }.map(\.value)
        options.isDryRun = try WriteParameters.isDryRun(stages + (body["dryRun"]?.array ?? []).compactMap(\.string))
        return options
    }
}
