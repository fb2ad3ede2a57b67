import Synchronization
import Transport

/// Many watches over one connection to a member, carried on over another connection when that one breaks.
///
/// `run()` does the work and must be running while watches are read; `withWatchStream` sees to that. The stream asks the
/// member for a sign of life at every heartbeat and takes it for gone if nothing at all comes during three of them.
/// Then, and when the connection breaks or the member loses its leader, it goes to the next member and starts every
/// watch again after the last revision it has delivered.
public final class WatchStream: Sendable {
    /// How a stream is kept.
    public struct Options: Sendable {
        /// How often the member is asked for a sign of life.
        public var heartbeat: Duration = .seconds(10)
        /// How many bytes wait for the reader of one watch before the watch is stopped until they are read.
        public var bufferByteCount = 4 << 20
        /// The longest pause between attempts to reach a member.
        public var maximumPause: Duration = .seconds(5)

        /// The defaults.
        public init() {}
    }

    struct State {
        var table = WatchTable()
        var buffers: [Int: WatchBuffer] = [:]
        var connection: GRPCStream?
        var nextKey = 1
        var lastFailure: EtcdError?
        /// How many messages have come.
        var heard = 0
    }

    private let clients: [EtcdClient]
    let options: Options
    let state = Mutex(State())
    /// Wakes `run` when there is a first watch, or room in a full buffer.
    let wakeup = Wakeup()

    /// Makes a stream to the first of several members that can be reached.
    public init(_ endpoints: EtcdEndpoints, options: Options = Options()) {
        clients = endpoints.clients
        self.options = options
    }

    /// Why the last connection ended, or could not be made; nil after a good one.
    public var lastFailure: EtcdError? { state.withLock { $0.lastFailure } }

    var endpointName: String { clients.map(\.endpoint.url).joined(separator: ", ") }

    /// Starts a watch.
    ///
    /// - Parameters:
    ///   - range: the keys.
    ///   - revision: the first revision whose changes are wanted; nil for those after the member has begun the watch.
    ///     Usually the revision of a read plus one.
    ///   - options: which changes.
    /// - Returns: the watch, which goes on until it fails or the object is let go.
    public func watch(_ range: KeyRange, from revision: Int64? = nil, options: WatchOptions = WatchOptions()) -> Watch {
        let buffer = WatchBuffer(capacity: self.options.bufferByteCount)
        let key = state.withLock { state in
            let key = state.nextKey
            state.nextKey += 1
            state.buffers[key] = buffer
            if let message = state.table.add(key, range, from: revision, options) { state.connection?.send(message) }
            return key
        }
        wakeup.wake()
        return Watch(key, self, buffer)
    }

    /// Connects, delivers and connects again until the task is cancelled; then all watches end.
    public func run() async {
        var (index, failures) = (0, 0)
        var refused: AuthSession.Token?
        while !Task.isCancelled {
            guard state.withLock({ $0.table.count }) > 0 else {
                await wakeup.wait()
                continue
            }
            let connection = await serve(clients[index % clients.count], afterRefusalOf: refused)
            disconnect(connection.failure)
            // A member forgets its tokens when it starts again, so the same one is tried once more with a new token.
            let renewsToken = connection.failure.code == .unauthenticated && connection.doubtsToken
            refused = renewsToken ? connection.token : nil
            if renewsToken { continue }
            if connection.failure.code.endsWatches { fail(connection.failure) }
            index += 1
            failures = connection.brought ? 0 : failures + 1
            await pause(after: failures)
        }
        fail(EtcdError(.cancelled, "the watch stream was ended", endpoint: endpointName, isIdempotent: true))
    }

    /// Whether the member has confirmed a watch on the connection that stands now.
    func isEstablished(_ key: Int) -> Bool { state.withLock { $0.table.isEstablished(key) } }

    /// Ends a watch.
    func remove(_ key: Int) {
        let buffer = state.withLock { state in
            if let message = state.table.remove(key) { state.connection?.send(message) }
            return state.buffers.removeValue(forKey: key)
        }
        buffer?.finish(EtcdError(.cancelled, "the watch was ended", endpoint: endpointName, isIdempotent: true))
        wakeup.wake()
    }

    /// Goes on with a watch whose reader has caught up.
    func hasRoom(_ key: Int) {
        state.withLock { state in
            if let message = state.table.unpark(key) { state.connection?.send(message) }
        }
        wakeup.wake()
    }

    private func disconnect(_ failure: EtcdError) {
        state.withLock { state in
            state.connection = nil
            state.table.disconnect()
            state.lastFailure = failure
        }
    }

    private func fail(_ error: EtcdError) {
        let buffers = state.withLock { state in
            state.table.removeAll()
            defer { state.buffers = [:] }
            return state.buffers.values
        }
        for buffer in buffers { buffer.finish(error) }
    }

    private func pause(after failures: Int) async {
        let full = min(Duration.milliseconds(50 << min(failures, 10)), options.maximumPause)
        do {
            // Spread, so that a thousand watchers of a member do not come back to it at once.
            try await Task.sleep(for: full * Double.random(in: 0.5...1))
        } catch {
            return  // Cancelled: `run` sees that itself.
        }
    }
}
