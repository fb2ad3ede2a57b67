import Model
import Store
import Transport

/// Watching records.
extension RecordEndpoint {
    func watch(_ request: HTTPServerRequest, _ target: RecordTarget) async throws(APIStatus) -> HTTPServerResponse {
        let form = try RecordForm(request)
        let query = try RecordQuery(request, target)
        let revision = try request.resourceVersion()
        let start = try Self.start(request, revision, store.revision)
        if case .after = start {
            try await requireHistory(query, start)
        }
        let stream = WatchStream(
            store.watch(query, from: start), shared.lineWriter(target.kind, form, now: now),
            WatchStream.Wishes(
                beginsWithPresent: start == .present,
                marksInitialEvents: request.isOn("sendInitialEvents") && request.isOn("allowWatchBookmarks"),
                sendsBookmarks: request.isOn("allowWatchBookmarks"), timeout: try request.seconds("timeoutSeconds")),
            board: watches)
        return HTTPServerResponse(
            status: 200,
            headers: [
                HTTPServerField("Content-Type", "application/json"),
                HTTPServerField("Cache-Control", "no-cache, private"),
            ],
            body: .stream(stream.body))
    }

    /// Where a watch begins: with the present state unless the client knows a version, or wants only what comes.
    private static func start(
        _ request: HTTPServerRequest, _ revision: Int64?, _ present: Int64
    ) throws(APIStatus) -> WatchStart {
        let match = request.query("resourceVersionMatch") ?? ""
        if request.query("sendInitialEvents") == nil {
            guard match.isEmpty else {
                throw .badListOption(
                    "resourceVersionMatch", .forbidden,
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
            }
        } else if match != "NotOlderThan" {
            throw .badListOption(
                "resourceVersionMatch", match.isEmpty ? .forbidden : .unsupported,
                match.isEmpty
                    ? "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
                    : "Unsupported value: \"\(match)\": supported values: \"NotOlderThan\"")
        }
        if request.isOn("sendInitialEvents") { return .present }
        if let revision { return .after(revision) }
        return request.query("sendInitialEvents") == nil ? .present : .after(present)
    }

    /// Makes sure that the store still knows what followed a version, so that a client which must list anew is told
    /// so by the HTTP status and not only in the stream.
    private func requireHistory(_ query: RecordQuery, _ start: WatchStart) async throws(APIStatus) {
        var iterator = store.watch(query, from: start).makeAsyncIterator()
        do throws(StoreError) {
            _ = try await iterator.nextPresent()
        } catch {
            throw APIStatus(error)
        }
    }
}
