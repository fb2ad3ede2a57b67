import Manifests
import Model

/// Removes what earlier applies made and the manifests do not name any more.
///
/// A record is looked at if manifests of its kind were applied, in a namespace that they name, and it has all the labels.
/// It goes if the labels were set by the manager that applies: what somebody else has made and labelled alike stays, and
/// so does what belongs to another record. Namespaces are never removed, as all that is in them would go along.
struct Pruning {
    /// What the records of an application have in common.
    let labels: [(key: String, value: String)]
    /// In whose name records are applied.
    let manager: String

    /// Reads a selector.
    ///
    /// - Returns: nil for one that is empty or says more than that labels have values: manifests could not be held to it.
    init?(selector: String, manager: String) {
        var labels: [(String, String)] = []
        for part in selector.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.replacing("==", with: "=").split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, sides.allSatisfy({ !$0.isEmpty && !$0.contains { "! ()".contains($0) } }) else {
                return nil
            }
            labels.append((String(sides[0]), String(sides[1])))
        }
        self.labels = labels
        self.manager = manager
    }

    /// What is wrong with manifests that would be removed by the next apply, or cannot be told from others.
    func problems(_ manifests: [Manifest]) -> [ManifestProblem] {
        manifests.flatMap { manifest -> [ManifestProblem] in
            guard manifest.kind.kind != Namespace.kind else { return [] }
            guard !manifest.name.isEmpty else {
                return [
                    manifest.problem(at: "metadata.generateName", "does not go with --prune: each apply makes another")
                ]
            }
            let own = manifest.document[path: "metadata", "labels"]
            return labels.filter { own?[$0.key]?.string != $0.value }.map { label in
                manifest.problem(
                    at: "metadata.labels",
                    "must have \(label.key): \(label.value), as --prune removes what has it and is not named")
            }
        }
    }

    /// The records that are to go, those first that were applied last.
    func leftovers(of manifests: [Manifest], _ client: APIClient) async throws -> [Value] {
        let named = Set(
            manifests.map { RecordQuery($0.kind.kind, namespace: $0.namespace, name: $0.name) })
        let namespaces = Set(manifests.filter(\.kind.kind.isNamespaced).map(\.namespace)).sorted()
        var leftovers: [Value] = []
        for registered in RegisteredKind.all.reversed()
        where registered.kind != Namespace.kind && manifests.contains(where: { $0.kind.kind == registered.kind }) {
            let kind = registered.kind
            for namespace in kind.isNamespaced ? namespaces : [""] {
                var query = RecordQuery(kind, namespace: namespace)
                query.labelSelector = labels.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
                leftovers += try await client.list(query).items.filter { record in
                    let name = record[path: "metadata", "name"]?.string ?? ""
                    return !named.contains(RecordQuery(kind, namespace: namespace, name: name)) && isOurs(record)
                }
            }
        }
        return leftovers
    }

    /// Whether a record was made what it is by the manager that applies.
    private func isOurs(_ record: Value) -> Bool {
        let metadata = record["metadata"]
        guard metadata?["deletionTimestamp"] == nil, metadata?["ownerReferences"]?.isVacant ?? true else {
            return false
        }
        let entries = (metadata?["managedFields"]?.array ?? []).filter { $0["manager"]?.string == manager }
        return labels.allSatisfy { label in
            entries.contains {
                $0[path: "fieldsV1", "f:metadata", "f:labels"]?["f:\(label.key)"] != nil
            }
        }
    }

    /// Removes what is left over, and says so.
    ///
    /// - Throws: `CommandFailure` with every refusal, such as that of a protected cluster; the others are gone all the same.
    func perform(_ manifests: [Manifest], _ client: APIClient, isDryRun: Bool, _ console: Console) async throws {
        var refusals: [String] = []
        for record in try await leftovers(of: manifests, client) {
            do {
                try await remove(record, client, isDryRun: isDryRun)
                try console.print("\(record.reference) pruned\(isDryRun ? " (dry run)" : "")")
            } catch let error as APIError where error.isNotFound {
                continue
            } catch APIError.refused(let status) where status.code != 401 {
                refusals.append("\(record.reference) stays: \(status.message)")
            }
        }
        guard refusals.isEmpty else { throw CommandFailure(refusals.joined(separator: "\n")) }
    }

    private func remove(_ record: Value, _ client: APIClient, isDryRun: Bool) async throws {
        let metadata = record["metadata"]
        guard let kind = RegisteredKind.all.first(where: { $0.kind.name == record["kind"]?.string })?.kind else {
            return
        }
        let query = RecordQuery(
            kind, namespace: metadata?["namespace"]?.string, name: metadata?["name"]?.string ?? "")
        _ = try await client.delete(query, dryRun: isDryRun, uid: metadata?["uid"]?.string)
    }
}
