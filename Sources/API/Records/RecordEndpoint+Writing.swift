import Model
import Store
import Transport

/// Creating and changing records.
extension RecordEndpoint {
    /// How often a write without a condition is tried again when others write the same record.
    private static let attempts = 8

    func create(_ request: HTTPServerRequest, _ target: RecordTarget) async throws(APIStatus) -> HTTPServerResponse {
        let kind = target.kind.kind
        // Every namespace at once takes no new record.
        guard !kind.isNamespaced || target.namespace != nil else { throw .methodNotAllowed }
        let parameters = try WriteParameters(request)
        let given = try addressed(try RequestBody.document(request), target)
        let checked = try target.kind.checked(given, parameters.validation)
        try await admit(checked.document, replacing: nil, target.kind)
        let record = try await answering { () async throws(StoreError) in
            try await store.create(checked.document, kind: kind, isTrial: parameters.isDryRun)
        }
        return .json(record.document, status: 201, headers: Self.warningHeaders(checked.warnings))
    }

    func update(
        _ request: HTTPServerRequest, _ target: RecordTarget, _ id: RecordID
    ) async throws(APIStatus) -> HTTPServerResponse {
        let given = try addressed(try RequestBody.document(request), target)
        let condition = given[path: "metadata", "resourceVersion"]?.string ?? ""
        return try await change(request, target, id, condition) { _ in given }
    }

    func patch(
        _ request: HTTPServerRequest, _ target: RecordTarget, _ id: RecordID
    ) async throws(APIStatus) -> HTTPServerResponse {
        let (type, patch) = try RequestBody.patch(request)
        let condition = patch[path: "metadata", "resourceVersion"]?.string ?? ""
        return try await change(request, target, id, condition) { current throws(APIStatus) in
            try addressed(MergePatch.apply(patch, type, to: current), target)
        }
    }

    /// Makes a new state out of the present one, and stores it on condition that it is still the present one.
    ///
    /// So what admission was asked is what happens. A client that set no condition of its own is spared the conflicts.
    private func change(
        _ request: HTTPServerRequest, _ target: RecordTarget, _ id: RecordID, _ condition: String,
        _ make: (Value) throws(APIStatus) -> Value
    ) async throws(APIStatus) -> HTTPServerResponse {
        let parameters = try WriteParameters(request)
        var attempt = 1
        while true {
            let current = try await answering { () async throws(StoreError) in try await store.get(id) }
            var proposed = try make(current.document)
            let version = current.document[path: "metadata", "resourceVersion"]
            if condition.isEmpty {
                proposed = proposed.merging(patch: ["metadata": ["resourceVersion": version ?? nil]])
            }
            let checked = try target.kind.checked(proposed, parameters.validation)
            // With a stale condition the store refuses in any case, and the rules would judge the wrong pair.
            if target.subresource == nil, condition.isEmpty || version == .string(condition) {
                try await admit(checked.document, replacing: current.document, target.kind)
            }
            do throws(StoreError) {
                let record = try await write(checked.document, target, parameters)
                return .json(record.document, headers: Self.warningHeaders(checked.warnings))
            } catch .conflict where condition.isEmpty && attempt < Self.attempts {
                attempt += 1
            } catch {
                throw APIStatus(error)
            }
        }
    }

    private func write(
        _ document: Value, _ target: RecordTarget, _ parameters: WriteParameters
    ) async throws(StoreError) -> Record {
        switch target.subresource {
        case nil: try await store.update(document, kind: target.kind.kind, isTrial: parameters.isDryRun)
        case .status: try await store.updateStatus(document, kind: target.kind.kind, isTrial: parameters.isDryRun)
        }
    }

    /// The document with what the path says of it, which it may leave out but not contradict.
    private func addressed(_ document: Value, _ target: RecordTarget) throws(APIStatus) -> Value {
        guard document.members != nil else {
            throw APIStatus(.badRequest, "a record must be an object, not \(document.typeName)")
        }
        var document = document
        let kind = target.kind.kind
        for (field, value) in [("apiVersion", kind.apiVersion), ("kind", kind.name)] {
            switch document[field] {
            case nil, .null?, .string("")?: document[field] = .string(value)
            case .string(value)?: break
            default:
                throw APIStatus(
                    .badRequest,
                    "the \(field) of the record must be \"\(value)\" at this path; leave it out or correct it")
            }
        }
        let name = document[path: "metadata", "name"]?.string ?? ""
        if let expected = target.name, !name.isEmpty, name != expected {
            throw APIStatus(
                .badRequest, "the name of the object (\(name)) does not match the name on the URL (\(expected))")
        }
        let namespace = document[path: "metadata", "namespace"]?.string ?? ""
        guard namespace.isEmpty || namespace == target.namespace ?? "" else {
            throw APIStatus(
                .badRequest,
                "the namespace of the provided object (\(namespace)) does not match the namespace sent on the request "
                    + "(\(target.namespace ?? ""))")
        }
        guard document["metadata"]?.members != nil || document["metadata"] == nil else { return document }
        var metadata = document["metadata"] ?? [:]
        if let name = target.name {
            metadata["name"] = .string(name)
        }
        if let namespace = target.namespace {
            metadata["namespace"] = .string(namespace)
        }
        document["metadata"] = metadata
        return document
    }

    private func admit(
        _ new: Value, replacing old: Value?, _ registered: RegisteredKind
    ) async throws(APIStatus) {
        let problems = await admission.problems(new, old, registered.kind)
        guard problems.isEmpty else {
            let name = new[path: "metadata", "name"]?.string ?? ""
            throw APIStatus(
                InvalidRecord(kind: registered.kind.name, name: name, problems: problems), of: registered.kind)
        }
    }

    /// The headers that have `kubectl` print warnings (RFC 7234, 5.5; code 299 is "miscellaneous").
    private static func warningHeaders(_ warnings: [String]) -> [HTTPServerField] {
        warnings.map { warning in
            var quoted = ""
            for character in warning {
                if character == "\"" || character == "\\" {
                    quoted.append("\\")
                }
                quoted.append(character)
            }
            return HTTPServerField("Warning", "299 - \"\(quoted)\"")
        }
    }
}
