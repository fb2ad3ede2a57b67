import Model

/// One record that is followed until it is as somebody wants it, within a time limit.
///
/// The record goes its way without us: the limit, or an interruption, ends the looking and nothing else.
struct FollowedRecord: Sendable {
    let client: APIClient
    let query: RecordQuery
    let limit: Duration
    /// What is thrown at the limit, from what was seen last.
    let late: @Sendable (String) -> String
    /// What is thrown if the record is deleted meanwhile.
    let gone: String

    /// Follows from a document on.
    ///
    /// - Parameters:
    ///   - record: What is known of the record already.
    ///   - begin: Makes the check that every further state goes through until one is as wanted; it shows the progress
    ///     and notes what is worth saying at the limit.
    /// - Returns: the state that is as wanted.
    /// - Throws: `CommandFailure` at the limit and if the record is deleted; whatever the check throws.
    func follow(
        from record: Value, _ begin: @escaping @Sendable (LastSeen) -> (Value) throws -> Bool
    ) async throws -> Value {
        let seen = LastSeen()
        return try await withTimeLimit(limit) {
            CommandFailure(late(seen.text), code: .timedOut)
        } _: {
            let isAsWanted = begin(seen)
            var latest = record
            let start = record[path: "metadata", "resourceVersion"]?.string ?? ""
            try await RecordFollower(client: client, query: query, patience: limit).follow(from: start) { event in
                guard event.kind != .deleted else { throw CommandFailure(gone) }
                latest = event.object
                return try isAsWanted(latest)
            }
            return latest
        }
    }
}
