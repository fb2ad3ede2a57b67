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
                var pruned = document
                for problem in unknown {
                    pruned = pruned.removing(problem.path.steps[...])
                    if validation == .warn {
                        warnings.append("unknown field \"\(problem.path)\"")
                    }
                }
                // Each round leaves less to complain of; one that changed nothing would go on for ever.
                guard pruned != document else { throw APIStatus(error, of: kind) }
                document = pruned
            }
        }
    }
}

extension Value {
    /// This document without the field at a path.
    func removing(_ path: ArraySlice<FieldPath.Step>) -> Value {
        guard let step = path.first else { return self }
        let rest = path.dropFirst()
        switch (self, step) {
        case (.object(var members), .member(let name)):
            members[name] = rest.isEmpty ? nil : members[name]?.removing(rest)
            return .object(members)
        case (.array(var elements), .element(let index)) where elements.indices.contains(index):
            elements[index] = elements[index].removing(rest)
            return .array(elements)
        default:
            return self
        }
    }
}
