import Model
import Synchronization
import Transport

/// The streams that are open, each with who opened it and what he asked for, so that they end with his right to them.
final class OpenWatches: Sendable {
    private final class Watch: Sendable {
        let requester: Requester
        let wish: AccessAttributes
        private let written = Mutex<HTTPStreamWriter?>(nil)

        init(_ requester: Requester, _ wish: AccessAttributes) {
            self.requester = requester
            self.wish = wish
        }

        /// Where it is written, once it is.
        var writer: HTTPStreamWriter? { written.withLock(\.self) }

        /// Notes where it is written; false if that is known.
        func begin(_ writer: HTTPStreamWriter) -> Bool {
            written.withLock { written in
                guard written == nil else { return false }
                written = writer
                return true
            }
        }
    }

    private struct State {
        var open: [ObjectIdentifier: Watch] = [:]
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
        let watch = Watch(requester, wish)
        let (produce, closed) = (stream.produce, stream.closed)
        stream.produce = { [self] writer in
            if watch.begin(writer) { add(watch) }
            return await produce(writer)
        }
        stream.closed = { [self] in
            state.withLock { $0.open[ObjectIdentifier(watch)] = nil }
            closed()
        }
        var response = response
        response.body = .stream(stream)
        return response
    }

    private func add(_ watch: Watch) {
        state.withLock { state in
            state.open[ObjectIdentifier(watch)] = watch
            if let expires = watch.requester.expires {
                state.expiry = state.expiry.map { min($0, expires) } ?? expires
            }
            // Whoever lost the right between the check of the request and here is found by the next look.
            state.version = -1
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
            // A client that has no room for the reason is cut without it.
            try? watch.writer?.offer(WatchLineWriter.line(refusal))
            watch.writer?.end()
        }
    }
}
