import Model
import Store
import Transport

/// Creating and changing records.
extension RecordEndpoint {
    /// How often a write without a condition is tried again when others write the same record.
    static let attempts = 8

    func create(_ request: HTTPServerRequest, _ target: RecordTarget) async throws(APIStatus) -> HTTPServerResponse {
        // Every namespace at once takes no new record.
        guard !target.kind.kind.isNamespaced || target.namespace != nil else { throw .methodNotAllowed }
        let parameters = try WriteParameters(request, validation: .strict)
        let given = try addressed(try RequestBody.document(request), target)
        var attempt = 1
        while true {
            let (document, isGenerated) = Self.named(given)
            let checked = try target.kind.checked(document, parameters.validation)
            let ownership = ownership(of: target)
            try requireIdentities(in: checked.document, replacing: nil, ownership, target.kind.kind)
            let warnings = try await admit(checked.document, replacing: nil, target.kind)
            let owned = ownership.updated(checked.document, from: nil, by: parameters.manager)
            do throws(StoreError) {
                let record = try await store.create(
                    owned, kind: target.kind.kind, isTrial: parameters.isDryRun,
                    provided: condition(owned, replacing: nil, target.kind.kind))
                return answer(record, target, status: 201, checked.warnings + warnings)
            } catch .alreadyExists where isGenerated && attempt < Self.attempts {
                attempt += 1
            } catch {
                throw APIStatus(error)
            }
        }
    }

    /// The document with a name made of its `generateName`, if it has that and no name.
    ///
    /// Made here and not in the store, so that the rules on names and those of admission see the name.
    private static func named(_ document: Value) -> (Value, isGenerated: Bool) {
        let prefix = document[path: "metadata", "generateName"]?.string ?? ""
        guard (document[path: "metadata", "name"]?.string ?? "").isEmpty, !prefix.isEmpty else {
            return (document, false)
        }
        // Five characters that form no words, after at most 58: names are at most as long as a DNS label (63).
        let suffix = (0..<5).map { _ in "bcdfghjklmnpqrstvwxz2456789".randomElement() ?? "x" }
        let name = String(prefix.prefix(58)) + String(suffix)
        return (document.merging(patch: ["metadata": ["name": .string(name)]]), true)
    }

    func update(
        _ request: HTTPServerRequest, _ target: RecordTarget, _ id: RecordID
    ) async throws(APIStatus) -> HTTPServerResponse {
        let parameters = try WriteParameters(request, validation: .strict)
        let given = try addressed(try RequestBody.document(request), target)
        return try await change(target, id, parameters) { _ in given }
    }

    func patch(
        _ request: HTTPServerRequest, _ target: RecordTarget, _ id: RecordID
    ) async throws(APIStatus) -> HTTPServerResponse {
        let type = try RequestBody.patchType(request)
        guard type != .apply else { return try await apply(request, target, id) }
        // Without a word of the client's: such patches come from `kubectl label` and the like, whose records may hold
        // fields of another version.
        let parameters = try WriteParameters(request, validation: .warn)
        guard !parameters.isForced else {
            throw APIStatus(.badRequest, "force: Forbidden: may not be specified for non-apply patch")
        }
        let patch = try RequestBody.patch(request, type)
        switch type {
        case .merge, .apply:
            return try await change(target, id, parameters) { $0.merging(patch: patch) }
        case .strategic:
            return try await change(target, id, parameters) { StrategicMergePatch.apply(patch, to: $0) }
        case .json:
            let operations = try Self.translating { () throws(JSONPatch.Failure) in try JSONPatch(patch) }
            return try await change(target, id, parameters) { (current) throws(APIStatus) in
                try Self.translating { () throws(JSONPatch.Failure) in try operations.applied(to: current) }
            }
        }
    }

    private static func translating<Result>(
        _ body: () throws(JSONPatch.Failure) -> Result
    ) throws(APIStatus) -> Result {
        do {
            return try body()
        } catch {
            throw APIStatus(error)
        }
    }

    /// Makes a new state out of the present one, and stores it on condition that it is still the present one.
    ///
    /// So what admission was asked is what happens. A client that set no condition of its own is spared the conflicts.
    private func change(
        _ target: RecordTarget, _ id: RecordID, _ parameters: WriteParameters,
        _ make: (Value) throws(APIStatus) -> Value
    ) async throws(APIStatus) -> HTTPServerResponse {
        var attempt = 1
        while true {
            let current = try await answering { () async throws(StoreError) in try await store.get(id) }.document
            var proposed = try make(target.subresource == .scale ? Scale.document(of: current) : current)
            guard proposed.members != nil else {
                throw APIStatus(.invalid, "what the patch leaves is \(proposed.typeName) and not a record")
            }
            proposed = try addressed(proposed, target)
            if target.subresource == .scale {
                proposed = try Scale.record(current, scaledBy: proposed, of: id.kind)
            }
            let version = current[path: "metadata", "resourceVersion"] ?? ""
            let claimed = proposed[path: "metadata", "resourceVersion"] ?? ""
            // Left to the store, a version that is still to come might be true by then, and no rule would have been asked.
            guard claimed.isVacant || claimed == version else {
                throw APIStatus(StoreError.stale(id))
            }
            if proposed["metadata"]?.members != nil {
                proposed = proposed.merging(patch: ["metadata": ["resourceVersion": version]])
            }
            let checked = try target.kind.checked(proposed, parameters.validation)
            let ownership = ownership(of: target)
            try requireIdentities(in: checked.document, replacing: current, ownership, target.kind.kind)
            var warnings = checked.warnings
            if target.subresource != .status {
                warnings += try await admit(checked.document, replacing: current, target.kind)
            }
            let owned = ownership.updated(checked.document, from: current, by: parameters.manager)
            do throws(StoreError) {
                let record = try await write(owned, replacing: current, target, parameters)
                return answer(record, target, warnings)
            } catch .conflict where attempt < Self.attempts {
                attempt += 1
            } catch {
                throw APIStatus(error)
            }
        }
    }

    /// Refuses lists whose elements are told apart by a field or by what they are, and that hold one twice.
    ///
    /// What was stored with one before such lists were looked at stays changeable.
    private func requireIdentities(
        in new: Value, replacing old: Value?, _ ownership: Ownership, _ kind: Kind
    ) throws(APIStatus) {
        func duplicates(_ document: Value) -> [FieldProblem] {
            ownership.shape.ambiguities(in: document).filter { $0.reason == .duplicate }
        }
        var problems = duplicates(new)
        guard !problems.isEmpty else { return }
        let known = old.map(duplicates) ?? []
        problems.removeAll { known.contains($0) }
        guard !problems.isEmpty else { return }
        let name = new[path: "metadata", "name"]?.string ?? ""
        throw APIStatus(InvalidRecord(kind: kind.name, name: name, problems: problems), of: kind)
    }

    /// The answer to a write.
    func answer(
        _ record: Record, _ target: RecordTarget, status: Int = 200, _ warnings: [String]
    ) -> HTTPServerResponse {
        let document = target.subresource == .scale ? Scale.document(of: record.document) : record.document
        return .json(document, status: status, headers: WarningHeaders.headers(warnings))
    }

    func write(
        _ document: Value, replacing old: Value, _ target: RecordTarget, _ parameters: WriteParameters
    ) async throws(StoreError) -> Record {
        let kind = target.kind.kind
        return switch target.subresource {
        case nil, .scale:
            try await store.update(
                document, kind: kind, isTrial: parameters.isDryRun, provided: condition(document, replacing: old, kind))
        case .status: try await store.updateStatus(document, kind: kind, isTrial: parameters.isDryRun)
        }
    }

    /// What must hold of all records with this one among them.
    func condition(_ new: Value, replacing old: Value?, _ kind: Kind) -> WriteCondition? {
        .all([rules.condition(new, replacing: old, kind), admission.condition(new, old, kind)].compactMap { $0 })
    }

    /// The document with what the path says of it, which it may leave out but not contradict.
    func addressed(_ document: Value, _ target: RecordTarget) throws(APIStatus) -> Value {
        guard document.members != nil else {
            throw APIStatus(.badRequest, "a record must be an object, not \(document.typeName)")
        }
        var document = document
        let type = target.documentType
        for (field, value) in [("apiVersion", type.apiVersion), ("kind", type.kind)] {
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

    /// Asks the rules, and returns what the client is to be told besides.
    func admit(
        _ new: Value, replacing old: Value?, _ registered: RegisteredKind
    ) async throws(APIStatus) -> [String] {
        let warnings = try rules.check(new, replacing: old, registered)
        let problems = await admission.problems(new, old, registered.kind)
        guard problems.isEmpty else {
            let name = new[path: "metadata", "name"]?.string ?? ""
            throw APIStatus(
                InvalidRecord(kind: registered.kind.name, name: name, problems: problems), of: registered.kind)
        }
        // What was said when the record was made needs no repetition with every label.
        return warnings + (new["spec"] == old?["spec"] ? [] : await admission.warnings(new, registered.kind))
    }
}
