import Model
import Synchronization
import Transport

/// The streams that are open, each with who opened it and what he asked for, so that they end with his right to them.
final class OpenWatches: Sendable {
    private struct Watch {
        let requester: Requester
        let wish: AccessAttributes
        let writer: HTTPStreamWriter
    }

    private struct State {
        var next: UInt64 = 0
        var open: [UInt64: Watch] = [:]
        var version = -1
        /// The first moment at which somebody's proof ends.
        var expiry: Timestamp?
    }

    private let state = Mutex(State())

    /// The response, its stream under watch for as long as it is open.
    func guarding(
        _ response: HTTPServerResponse, _ requester: Requester, _ wish: AccessAttributes
    ) -> HTTPServerResponse {
        guard case .stream(var stream) = response.body else { return response }
        let produce = stream.produce
        stream.produce = { [self] writer in
            let number = add(Watch(requester: requester, wish: wish, writer: writer))
            await produce(writer)
            state.withLock { $0.open[number] = nil }
        }
        var response = response
        response.body = .stream(stream)
        return response
    }

    private func add(_ watch: Watch) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.open[state.next] = watch
            if let expires = watch.requester.expires {
                state.expiry = state.expiry.map { min($0, expires) } ?? expires
            }
            // Whoever lost the right between the check of the request and here is found by the next look.
            state.version = -1
            return state.next
        }
    }

    /// Ends the streams of those who have lost the right to them, if anything has changed since the last look.
    ///
    /// - Parameters:
    ///   - version: A number that moves whenever rights change.
    ///   - now: The present, by which proofs expire.
    ///   - refusal: Why somebody may not go on; nil if he may.
    func check(version: Int, at now: Timestamp, _ refusal: (Requester, AccessAttributes) -> APIStatus?) {
        let watches = state.withLock { state -> [Watch] in
            guard state.version != version || state.expiry.map({ $0 <= now }) == true else { return [] }
            state.version = version
            state.expiry = state.open.values.compactMap(\.requester.expires).filter { $0 > now }.min()
            return Array(state.open.values)
        }
        for watch in watches {
            guard let refusal = refusal(watch.requester, watch.wish) else { continue }
            let event: Value = ["type": "ERROR", "object": refusal.document]
            // A client that has no room for the reason is cut without it.
            try? watch.writer.offer(event.jsonBytes + [UInt8(ascii: "\n")])
            watch.writer.end()
        }
    }
}
