import Model

/// Changes to a record as Kubernetes' strategic merge patch brings them; a plain merge patch is the model's.
enum StrategicMergePatch {
    private static let primitiveRemoval = "$deleteFromPrimitiveList/"

    /// Applies a strategic merge patch.
    ///
    /// Of the lists in our kinds two have merge keys: `metadata.finalizers`, a set, and `metadata.ownerReferences`, by
    /// `uid`. All others are replaced, as in a merge patch; directives (`$…`) only speak of order there.
    static func apply(_ patch: Value, to document: Value) -> Value {
        var result = document.merging(patch: withoutDirectives(patch))
        guard let changes = patch["metadata"], var metadata = result["metadata"] else { return result }
        let old = document["metadata"] ?? [:]
        let removals = changes[primitiveRemoval + "finalizers"]?.array ?? []
        if changes["finalizers"]?.array != nil || !removals.isEmpty {
            var finalizers = old["finalizers"]?.array ?? []
            finalizers += (changes["finalizers"]?.array ?? []).filter { !finalizers.contains($0) }
            metadata["finalizers"] = .array(finalizers.filter { !removals.contains($0) })
        }
        if let owners = changes["ownerReferences"]?.array {
            var merged = old["ownerReferences"]?.array ?? []
            for owner in owners {
                let index = merged.firstIndex { $0["uid"] == owner["uid"] }
                if owner["$patch"] == "delete" {
                    merged.removeAll { $0["uid"] == owner["uid"] }
                } else if let index {
                    merged[index] = merged[index].merging(patch: owner)
                } else {
                    merged.append(owner)
                }
            }
            metadata["ownerReferences"] = .array(merged)
        }
        result["metadata"] = metadata
        return result
    }

    private static func withoutDirectives(_ patch: Value) -> Value {
        guard let members = patch.members else { return patch }
        var kept = Value.Members()
        for (key, value) in members where !key.hasPrefix("$") {
            kept.append(key, withoutDirectives(value))
        }
        return .object(kept)
    }
}
