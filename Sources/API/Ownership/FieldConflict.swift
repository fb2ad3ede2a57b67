/// Fields that somebody else owns and that an apply would change.
package struct FieldConflict: Equatable, Sendable {
    /// Who owns them.
    package let manager: FieldManager
    /// The version it wrote in.
    package let apiVersion: String
    /// The fields.
    package var fields: FieldSet

    /// The owner as Kubernetes names it in conflicts.
    package var owner: String {
        var text = "\"\(manager.name)\""
        if !manager.subresource.isEmpty {
            text += " with subresource \"\(manager.subresource)\""
        }
        return manager.operation == .update ? text + " using \(apiVersion)" : text
    }

    /// The fields as Kubernetes names them.
    package var paths: [String] { fields.paths.map { $0.map(\.description).joined() } }

    /// The conflict as causes of a refusal.
    var causes: [(reason: String, message: String, field: String)] {
        paths.map { ("FieldManagerConflict", "conflict with \(owner)", $0) }
    }
}

/// Why an apply that was not forced was refused.
package struct FieldConflicts: Error, Equatable, Sendable {
    /// The conflicts, by owner.
    package let conflicts: [FieldConflict]
}
