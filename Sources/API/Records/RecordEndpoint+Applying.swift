import Model
import Store
import Transport

/// Server-side apply: a manager says all it wants of a record, and owns that.
extension RecordEndpoint {
    func apply(
        _ request: HTTPServerRequest, _ target: RecordTarget, _ id: RecordID
    ) async throws(APIStatus) -> HTTPServerResponse {
        // A field that is not known is never owned, so it is as wrong as in a new record.
        let parameters = try WriteParameters(request, validation: .strict)
        guard parameters.namesManager else {
            throw APIStatus(
                .badRequest,
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")
        }
        let given = try RequestBody.patch(request, .apply)
        guard given[path: "metadata", "managedFields"]?.isVacant ?? true else {
            throw APIStatus(.badRequest, "metadata.managedFields must be nil")
        }
        let wanted = Self.wanted(Self.withoutNulls(try addressed(given, target)), target)
        for _ in 1...Self.attempts {
            if let answer = try await applyOnce(wanted, target, id, parameters) { return answer }
        }
        throw APIStatus(
            .conflict, "\(id.kind.qualifiedPlural) \"\(id.name)\" changed again and again while it was to be changed",
            details: APIStatus.Details(id.kind, name: id.name))
    }

    /// Applies to what is there now; nil if that was changed at the same moment.
    private func applyOnce(
        _ wanted: Value, _ target: RecordTarget, _ id: RecordID, _ parameters: WriteParameters
    ) async throws(APIStatus) -> HTTPServerResponse? {
        let live = try await present(id, of: target)
        if live == nil { try self.rules.checkCreation(of: id) }
        let rules = ownership(of: target)
        let problems = rules.shape.ambiguities(in: wanted)
        guard problems.isEmpty else {
            throw APIStatus(
                InvalidRecord(kind: id.kind.name, name: id.name, problems: problems), of: target.kind.kind)
        }
        let application = Application(wanted, to: live, by: parameters.manager, rules)
        var proposed = application.document
        try Self.condition(&proposed, wanted, live, id)
        let checked = try target.kind.checked(proposed, parameters.validation)
        var document = checked.document
        do throws(FieldConflicts) {
            let own = LastApplied.fields(of: live, for: parameters.manager, target.kind, rules.shape)
            document = try application.owned(document, isForced: parameters.isForced, allowing: own)
        } catch {
            throw APIStatus(error)
        }
        document = LastApplied.noting(wanted, in: document, for: parameters.manager)
        var warnings = checked.warnings
        if target.subresource != .status {
            warnings += try await admit(document, replacing: live, target.kind)
        }
        do throws(StoreError) {
            let record: Record
            if let live {
                record = try await write(document, replacing: live, target, parameters)
            } else {
                record = try await store.create(
                    document, kind: id.kind, isTrial: parameters.isDryRun,
                    provided: condition(document, replacing: nil, id.kind))
            }
            return answer(record, target, status: live == nil ? 201 : 200, warnings)
        } catch {
            switch error {
            case .conflict where live != nil && wanted[path: "metadata", "uid"] == nil: return nil
            case .alreadyExists where live == nil: return nil
            case .notFound(id) where live != nil && target.subresource == nil: return nil
            default: throw APIStatus(error)
            }
        }
    }

    /// The record as it is; nil if there is none and one can be made.
    private func present(_ id: RecordID, of target: RecordTarget) async throws(APIStatus) -> Value? {
        do throws(StoreError) {
            return try await store.get(id).document
        } catch {
            guard case .notFound = error, target.subresource == nil else { throw APIStatus(error) }
            return nil
        }
    }

    /// Puts the conditions of the client, or else the version that was read, into what is to be written.
    ///
    /// - Throws: A conflict where the client's version is not the present one, and where there is nothing that a
    ///   condition could hold for. Left to the store, a version that is still to come might be true by then, and no rule
    ///   would have been asked.
    private static func condition(
        _ proposed: inout Value, _ wanted: Value, _ live: Value?, _ id: RecordID
    ) throws(APIStatus) {
        let claimed = wanted[path: "metadata", "resourceVersion"] ?? ""
        let uid = wanted[path: "metadata", "uid"] ?? ""
        guard let live else {
            guard claimed.isVacant, uid.isVacant else {
                throw APIStatus(
                    .conflict,
                    "Operation cannot be fulfilled on \(id.kind.qualifiedPlural) \"\(id.name)\": there is no such "
                        + "record that its resourceVersion or uid could speak of",
                    details: APIStatus.Details(id.kind, name: id.name))
            }
            return
        }
        let version = live[path: "metadata", "resourceVersion"] ?? ""
        guard claimed.isVacant || claimed == version else { throw APIStatus(StoreError.stale(id)) }
        proposed = proposed.merging(patch: ["metadata": ["resourceVersion": version]])
        if !uid.isVacant {
            proposed = proposed.merging(patch: ["metadata": ["uid": uid]])
        }
    }

    /// What of an applied document counts: at the path of a part of the record that part, elsewhere all but the status,
    /// which has a path of its own.
    private static func wanted(_ document: Value, _ target: RecordTarget) -> Value {
        var wanted = document
        switch target.subresource {
        case nil:
            wanted["status"] = nil
            if target.kind.kind == Secret.kind {
                wanted = withTextsFolded(wanted)
            }
        case .status:
            wanted = conditions(of: document)
            wanted["status"] = document["status"]
        case .scale:
            wanted = conditions(of: document)
            if let replicas = document[path: "spec", "replicas"] {
                wanted["spec"] = ["size": replicas]
            }
        }
        return wanted
    }

    /// A document without anything but its conditions.
    private static func conditions(of document: Value) -> Value {
        var metadata = Value.Members()
        for field in ["resourceVersion", "uid"] {
            metadata[field] = document[path: "metadata", field]
        }
        return metadata.isEmpty ? [:] : ["metadata": .object(metadata)]
    }

    /// A secret with its plain texts among its data, as it will be stored, so that they are owned there.
    private static func withTextsFolded(_ document: Value) -> Value {
        guard let texts = document["stringData"]?.members else { return document }
        var folded = document
        guard let data = (document["data"] ?? [:]).members else { return document }
        var others = Value.Members()
        var encoded = Value.Members()
        for (key, text) in texts {
            if let text = text.string {
                encoded.append(key, .string(Base64.encode(Array(text.utf8))))
            } else {
                // What is no text is left where it is, to be refused under its own name.
                others.append(key, text)
            }
        }
        let all = data.merging(encoded) { _, _, text in text }
        if !all.isEmpty {
            folded["data"] = .object(all)
        }
        folded["stringData"] = .none
        if !others.isEmpty {
            folded["stringData"] = .object(others)
        }
        return folded
    }

    private static func withoutNulls(_ value: Value) -> Value {
        guard let members = value.members else { return value }
        var kept = Value.Members()
        for (key, value) in members where value != .null {
            kept.append(key, withoutNulls(value))
        }
        return .object(kept)
    }

    /// Who owns which fields of the records a path leads to.
    func ownership(of target: RecordTarget) -> Ownership {
        Ownership(
            shape: .record(target.kind.schema, ofStatus: target.subresource == .status),
            apiVersion: target.kind.kind.apiVersion, subresource: target.subresource?.rawValue ?? "", now: now())
    }
}
