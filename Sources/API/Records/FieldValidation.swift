import Model

/// What happens to fields a kind does not know; clients choose with the query parameter `fieldValidation`.
enum FieldValidation: String {
    /// The record is refused; the default where one is created, replaced or applied, because a misspelt field that is
    /// dropped is a wish that is ignored.
    case strict = "Strict"
    /// The fields are dropped, and the client is told; the default for patches.
    case warn = "Warn"
    /// The fields are dropped.
    case ignore = "Ignore"
}

/// A document that is a valid record, with its defaults filled in.
struct CheckedDocument {
    let document: Value
    /// What the client is to be told about fields that were dropped.
    let warnings: [String]
}

extension RegisteredKind {
    /// Checks a document.
    ///
    /// - Throws: `.badRequest` for unknown fields where they are not dropped, `.invalid` for anything else wrong.
    func checked(_ document: Value, _ validation: FieldValidation) throws(APIStatus) -> CheckedDocument {
        var document = document
        var warnings: [String] = []
        while true {
            do {
                return CheckedDocument(document: try normalised(document), warnings: warnings)
            } catch {
                let unknown = error.problems.filter { $0.reason == .unknown }
                guard !unknown.isEmpty else { throw APIStatus(error, of: kind) }
                guard validation != .strict else { throw APIStatus(unknownFields: error, of: kind) }
                let pruned = document.removing(unknown.map { $0.path.steps[...] })
                if validation == .warn {
                    warnings += unknown.map { "unknown field \"\($0.path)\"" }
                }
                // Each round leaves less to complain of; one that changed nothing would go on for ever.
                guard pruned != document else { throw APIStatus(error, of: kind) }
                document = pruned
            }
        }
    }
}

extension Value {
    /// This document without the fields at some paths; in one pass, as there may be as many as a body holds.
    func removing(_ paths: [ArraySlice<FieldPath.Step>]) -> Value {
        let below = Dictionary(grouping: paths.filter { !$0.isEmpty }) { $0[$0.startIndex] }
        guard !below.isEmpty else { return self }
        switch self {
        case .object(let members):
            var kept = Members()
            for (key, value) in members {
                let paths = below[.member(key)] ?? []
                if !paths.contains(where: { $0.count == 1 }) {
                    kept.append(key, value.removing(paths.map { $0.dropFirst() }))
                }
            }
            return .object(kept)
        case .array(let elements):
            return .array(
                elements.enumerated().map { index, element in
                    element.removing((below[.element(index)] ?? []).map { $0.dropFirst() })
                })
        default: return self
        }
    }
}
