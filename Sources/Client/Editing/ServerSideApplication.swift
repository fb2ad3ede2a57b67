import Manifests
import Model

/// One manifest on its way to the controller by server-side apply: the server merges, and remembers who owns what.
struct ServerSideApplication {
    let manifest: Manifest
    let client: APIClient
    /// In whose name fields are owned.
    let manager: String
    /// Whether fields are taken from others.
    let isForced: Bool

    /// Makes the record, or the fields of it that the manifest names, what the manifest says.
    ///
    /// - Throws: `ManifestError` at the lines whose fields belong to others; `APIError` for what is refused otherwise.
    func perform(dryRun: Bool) async throws -> (outcome: Application.Outcome, record: Value) {
        guard !manifest.name.isEmpty else {
            throw ManifestError([
                manifest.problem(at: FieldPath(), "needs a metadata.name: what has none cannot be applied twice")
            ])
        }
        let query = RecordQuery(manifest.kind.kind, namespace: manifest.namespace, name: manifest.name)
        var current = try await client.find(query)
        if !dryRun, let present = current, let operations = Self.adoption(of: present, by: manager) {
            current = try await client.patch(operations: operations, query)
        }
        let record: Value
        do {
            record = try await client.apply(manifest.document, query, as: manager, force: isForced, dryRun: dryRun)
        } catch APIError.refused(let status) where status.conflictingOwners == [manager] {
            // We ourselves, by another way of writing; kubectl does not take that for a conflict either.
            record = try await client.apply(manifest.document, query, as: manager, force: true, dryRun: dryRun)
        } catch APIError.refused(let status) where !status.conflictingOwners.isEmpty {
            throw ManifestError(
                manifest.problems(status).map { problem in
                    ManifestProblem(
                        file: problem.file, line: problem.line, record: problem.record, path: problem.path,
                        message: "\(problem.message); --force-conflicts takes it over")
                })
        }
        guard let current else { return (.created, record) }
        let version = { (record: Value) in record[path: "metadata", "resourceVersion"] }
        return (version(record) == version(current) ? .unchanged : .configured, record)
    }

    /// What makes fields that were written by "lodestone apply" alone fields that are applied, so that those which the
    /// manifest does not name any more go; nil where there are none, or where that was done before.
    static func adoption(of record: Value, by manager: String) -> [Value]? {
        guard var entries = record[path: "metadata", "managedFields"]?.array,
            let version = record[path: "metadata", "resourceVersion"]
        else { return nil }
        func isOurs(_ entry: Value, _ operation: String) -> Bool {
            entry["manager"] == .string(manager) && entry["operation"] == .string(operation)
                && (entry["subresource"]?.string ?? "").isEmpty
        }
        guard !entries.contains(where: { isOurs($0, "Apply") }),
            let index = entries.firstIndex(where: { isOurs($0, "Update") })
        else { return nil }
        entries[index]["operation"] = "Apply"
        return [
            ["op": "replace", "path": "/metadata/managedFields", "value": .array(entries)],
            ["op": "replace", "path": "/metadata/resourceVersion", "value": version],
        ]
    }
}

extension APIStatus {
    /// To whom the fields belong because of which an apply was refused; nobody if it was refused for something else.
    var conflictingOwners: Set<String> {
        let lead = "conflict with \""
        let owners = causes.map { cause in
            cause.message.hasPrefix(lead) ? String(cause.message.dropFirst(lead.count).prefix { $0 != "\"" }) : nil
        }
        return code == 409 && !owners.contains(nil) ? Set(owners.compactMap(\.self)) : []
    }
}
