import Model

/// Follows records as they change, across closed streams, restarts of the controller and compacted history.
struct RecordFollower: Sendable {
    let client: APIClient
    let query: RecordQuery
    var form = APIClient.Form.records
    /// How long the controller may be away before following fails.
    var patience = Duration.seconds(30)

    /// Hands over every change from a revision on, until `take` returns true.
    ///
    /// Without a revision, and after history was compacted, what is there comes first, as `added`.
    ///
    /// - Throws: `APIError` once the controller has been away for too long, and whatever `take` throws.
    func follow(from start: String = "", _ take: (WatchEvent) async throws -> Bool) async throws {
        var revision = start
        var away: ContinuousClock.Instant?
        var isProven = false
        while true {
            try Task.checkCancellation()
            let began = ContinuousClock.now
            var isOpen = false
            do {
                var stream = try await client.watch(query, from: revision, as: form)
                away = nil
                isOpen = true
                while let event = try await stream.next() {
                    isProven = true
                    if let newer = event.resourceVersion, !newer.isEmpty { revision = newer }
                    if event.kind != .bookmark, try await take(event) { return }
                }
            } catch let error as APIError where error.isExpired {
                revision = ""
            } catch APIError.refused(let status) where status.code == 401 && isOpen && isProven {
                // Whom the server trusts has changed; a new request shows whether we are among them.
                isProven = false
            } catch let error as APIError {
                guard case .unreachable = error else { throw error }
                let since = away ?? began
                away = since
                guard ContinuousClock.now - since < patience else { throw error }
            }
            // A server that closes at once, or refuses connections, is not asked in a tight loop.
            if ContinuousClock.now - began < .seconds(1) { try await Task.sleep(for: .milliseconds(500)) }
        }
    }
}
