import Model
import Store

/// What failures of the layers below mean for clients.
extension APIStatus {
    /// The store refused or failed.
    init(_ error: StoreError) {
        switch error {
        case .notFound(let id):
            self.init(.notFound, "\(error)", details: Details(id.kind, name: id.name))
        case .alreadyExists(let id):
            self.init(.alreadyExists, "\(error)", details: Details(id.kind, name: id.name))
        case .conflict(let id, _):
            self.init(.conflict, "\(error)", details: Details(id.kind, name: id.name))
        case .expired:
            self.init(.expired, "\(error)")
        case .invalid:
            // Without details, because clients print causes instead of the message when there are details.
            self.init(.invalid, "\(error)")
        case .refused(let id, let problems):
            self.init(InvalidRecord(kind: id.kind.name, name: id.name, problems: problems), of: id.kind)
        case .full, .corrupt, .keyMissing, .badKeys:
            self.init(.internalError, "\(error)")
        case .locked, .unavailable:
            self.init(.serviceUnavailable, "\(error)")
        }
    }

    /// A JSON patch makes no sense, or does not fit the record.
    init(_ failure: JSONPatch.Failure) {
        switch failure {
        case .malformed(let reason): self.init(.badRequest, reason)
        // Without details, because clients print causes instead of the message when there are details.
        case .rejected(let reason):
            self.init(.invalid, "the server rejected our request due to an error in our request: \(reason)")
        case .tooLarge(let reason): self.init(.requestEntityTooLarge, reason)
        }
    }

    /// Fields that were to be applied belong to others; wording as in Kubernetes, whose kubectl adds what can be done.
    init(_ conflicts: FieldConflicts) {
        let all = conflicts.conflicts
        let causes = all.flatMap(\.causes)
        var details = Details()
        details.conflicts = all
        guard let only = causes.first, causes.count == 1 else {
            let lines = all.flatMap { ["conflicts with \($0.owner):"] + $0.paths.map { "- \($0)" } }
            self.init(
                .conflict, "Apply failed with \(causes.count) conflicts: " + lines.joined(separator: "\n"),
                details: details)
            return
        }
        self.init(.conflict, "Apply failed with 1 conflict: \(only.message): \(only.field)", details: details)
    }

    /// Fields of a record are not acceptable.
    init(_ invalid: InvalidRecord, of kind: Kind) {
        self.init(
            .invalid, "\(invalid)",
            details: Details(name: invalid.name, group: kind.group, kind: kind.name, causes: invalid.problems))
    }

    /// A record has fields its kind does not know, and the client asked to be strict.
    init(unknownFields invalid: InvalidRecord, of kind: Kind) {
        // As many as Kubernetes tells: nobody reads more, and a body may hold a hundred thousand.
        let told = Array(invalid.problems.prefix(100))
        let problems = told.map(\.description).joined(separator: ", ")
        self.init(
            .badRequest,
            "\(kind.name) in version \"\(kind.version)\" cannot be handled as a \(kind.name): strict decoding error: "
                + problems,
            details: Details(name: invalid.name, group: kind.group, kind: kind.name, causes: told))
    }
}

/// Calls the store and turns its failures into refusals.
func answering<Result>(
    _ body: () async throws(StoreError) -> Result
) async throws(APIStatus) -> Result {
    do {
        return try await body()
    } catch {
        throw APIStatus(error)
    }
}
