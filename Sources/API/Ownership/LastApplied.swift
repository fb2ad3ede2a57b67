import Model

/// The note `kubectl apply` keeps of what it applied, from the time before servers kept owners.
///
/// Who goes over from client-side to server-side apply would meet conflicts with itself; the rules here, Kubernetes'
/// own, spare it them. They hold for the manager `kubectl` alone.
enum LastApplied {
    static let annotation = "kubectl.kubernetes.io/last-applied-configuration"
    private static let manager = "kubectl"

    /// The fields that were last applied by the client and still are as applied: they may be taken over.
    ///
    /// - Parameters:
    ///   - live: The record as it is.
    ///   - manager: Who applies.
    ///   - kind: The record's kind.
    ///   - shape: What of it can be owned.
    /// - Returns: The fields; none for other managers and for records without the note.
    static func fields(
        of live: Value?, for manager: String, _ kind: RegisteredKind, _ shape: FieldShape
    ) -> FieldSet {
        guard manager == self.manager, let live, let note = note(of: live),
            let document = try? Value(json: note), document["apiVersion"]?.string == kind.kind.apiVersion
        else { return FieldSet() }
        // As the server would have written it, so that `60s` is no other value than `1m`.
        let written = (try? kind.normalised(document)) ?? document
        let changes = FieldChanges(from: written, to: live, shape)
        return shape.fields(of: document).subtracting(changes.written).subtracting(changes.removed)
    }

    /// The record with the note brought up to date, if it has one: who applies by the client again must find it true.
    static func noting(_ applied: Value, in document: Value, for manager: String) -> Value {
        guard manager == self.manager, note(of: document) != nil else { return document }
        var plain = applied
        if var annotations = plain[path: "metadata", "annotations"], annotations[annotation] != nil {
            annotations[annotation] = nil
            plain = plain.merging(patch: ["metadata": ["annotations": nil]])
            if !annotations.isVacant {
                plain = plain.merging(patch: ["metadata": ["annotations": annotations]])
            }
        }
        return document.merging(patch: ["metadata": ["annotations": .object([annotation: .string(plain.json + "\n")])]])
    }

    private static func note(of document: Value) -> String? {
        guard let note = document[path: "metadata", "annotations"]?[annotation]?.string, !note.isEmpty else {
            return nil
        }
        return note
    }
}
