import Model
import Transport

extension LegacyClient {
    /// Waits for the first change from `index` on that lies in the history already, hidden nodes included.
    ///
    /// Only for an index at or below one that is known to be a change: otherwise it waits for the next one.
    ///
    /// - Throws: `LegacyError`, with `indexCleared` if the history does not reach back that far.
    package func knownEvent(from index: UInt64) async throws(LegacyError) -> LegacyEvent {
        let target = Self.wait(from: index)
        return try await perform { (client) throws(LegacyError) in
            let response = try await send(target, to: client, timeout: timeout)
            guard let event = LegacyEvent(try json(response.body, client)) else {
                throw malformed("a change is not understood", client)
            }
            return event
        }
    }

    /// Looks into the history for the first change from `index` on, hidden nodes included.
    ///
    /// The API has no way to say "there is none": the member then keeps the request for the next change. So nil means
    /// that it has answered with its head, and with another request after that, and that nothing has followed for
    /// `grace`.
    ///
    /// - Returns: the change, and the member's index when it looked.
    /// - Throws: `LegacyError`, with `indexCleared` if the history does not reach back that far.
    package func historyEvent(
        from index: UInt64, grace: Duration
    ) async throws(LegacyError) -> (event: LegacyEvent?, index: UInt64) {
        let watch = try await open(Self.wait(from: index))
        do {
            let event = try await withThrowingTaskGroup(of: LegacyEvent?.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await watch.next() }
                group.addTask {
                    try await Task.sleep(for: grace / 2)
                    _ = try await self.index()
                    try await Task.sleep(for: grace / 2)
                    return nil
                }
                return try await group.next() ?? nil
            }
            return (event, watch.index)
        } catch let error as LegacyError {
            throw error
        } catch {
            throw LegacyError(.cancelled, "looking into the history was given up", endpoint: watch.endpoint)
        }
    }

    /// Opens a stream of all changes after the index it tells.
    ///
    /// It leaves out hidden nodes and renewed times to live, although they take an index. The member ends it after five
    /// minutes, and when the reader is a hundred changes behind. Never ask for a stream from an index of the past: etcd
    /// then sends the first change of its history and nothing after it.
    package func changes() async throws(LegacyError) -> LegacyWatch {
        try await open("/v2/keys/?wait=true&recursive=true&stream=true")
    }

    private static func wait(from index: UInt64) -> String {
        "/v2/keys/?wait=true&recursive=true&waitIndex=\(index)"
    }

    private func open(_ target: String) async throws(LegacyError) -> LegacyWatch {
        try await perform { (client) throws(LegacyError) in
            do {
                let stream = try await client.stream(request(target, timeout: timeout))
                guard stream.status == 200 else {
                    var body: [UInt8] = []
                    for try await chunk in stream { body += chunk }
                    throw LegacyError(status: stream.status, body: body, endpoint: client.endpoint.url)
                }
                guard let head = LegacyHead(stream.head) else {
                    throw malformed("an answer has no X-Etcd-Index", client)
                }
                return LegacyWatch(head, stream, endpoint: client.endpoint.url)
            } catch let error as HTTPClientError {
                throw LegacyError(error)
            } catch let error as LegacyError {
                throw error
            } catch {
                throw malformed("\(error)", client)
            }
        }
    }
}
