import Model
import Synchronization
import Transport

/// Changes as a member sends them, one JSON document a line; for one reader.
package final class LegacyWatch: Sendable {
    /// The member's index when the watch began.
    package let index: UInt64
    /// The cluster that answered.
    package let clusterID: UInt64
    /// The URL of the member.
    package let endpoint: String
    private let stream: HTTPClientStream
    /// The beginning of a line whose end has not come yet.
    private let partial = Mutex([UInt8]())

    init(_ head: LegacyHead, _ stream: HTTPClientStream, endpoint: String) {
        index = head.index
        clusterID = head.clusterID
        self.stream = stream
        self.endpoint = endpoint
    }

    /// Waits for changes; nil when the member has ended the watch.
    ///
    /// - Throws: `LegacyError` if the connection breaks or what comes is not understood.
    package func nextBatch() async throws(LegacyError) -> [LegacyEvent]? {
        let chunks = stream.makeAsyncIterator()
        while true {
            let chunk: [UInt8]?
            do {
                chunk = try await chunks.next(isolation: nil)
            } catch {
                throw LegacyError(error)
            }
            guard let chunk else { return nil }
            let lines = partial.withLock { partial in
                partial += chunk
                guard let end = partial.lastIndex(of: UInt8(ascii: "\n")) else { return [UInt8]() }
                defer { partial.removeSubrange(...end) }
                return [UInt8](partial[..<end])
            }
            var events: [LegacyEvent] = []
            for line in lines.split(separator: UInt8(ascii: "\n")) {
                guard let document = try? Value(json: [UInt8](line)), let event = LegacyEvent(document) else {
                    throw LegacyError(.malformedResponse, "a change is not understood", endpoint: endpoint)
                }
                events.append(event)
            }
            if !events.isEmpty { return events }
        }
    }

    /// Waits for the one change that a watch without a stream gives; nil when the member has ended it without.
    func next() async throws(LegacyError) -> LegacyEvent? { try await nextBatch()?.first }
}
