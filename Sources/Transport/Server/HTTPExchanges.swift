import Synchronization

/// All requests a server is working on.
final class HTTPExchanges: Sendable {
    private struct State {
        var open: [ObjectIdentifier: HTTPExchange] = [:]
        var isStopping = false
        var emptied: CheckedContinuation<Void, Never>?
    }

    let options: HTTPServerOptions
    let connections = HTTPConnections()
    /// How many bytes of bodies are held.
    let bodyBytes = Atomic<Int>(0)
    let handler: @Sendable (HTTPServerRequest) async -> HTTPServerResponse
    private let state = Mutex(State())

    init(
        options: HTTPServerOptions, handler: @escaping @Sendable (HTTPServerRequest) async -> HTTPServerResponse
    ) {
        self.options = options
        self.handler = handler
    }

    var isStopping: Bool { state.withLock(\.isStopping) }
    var count: Int { state.withLock(\.open.count) }

    func begin(_ head: HTTPRequestHead, from connection: MicroHTTPConnection) -> HTTPExchange {
        let exchange = HTTPExchange(head, from: connection, in: self)
        state.withLock { $0.open[ObjectIdentifier(exchange)] = exchange }
        return exchange
    }

    /// libmicrohttpd has refused a request itself, or given it up (then there is no status).
    func refusedUnseen(_ status: Int, _ connection: HTTPConnection) {
        let path = connection.takePath()
        guard status >= 400 else { return }
        options.refused(HTTPRefusedRequest(path: path, from: connection, status: status))
    }

    func remove(_ exchange: HTTPExchange) {
        let emptied = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.open[ObjectIdentifier(exchange)] = nil
            guard state.open.isEmpty else { return nil }
            defer { state.emptied = nil }
            return state.emptied
        }
        emptied?.resume()
    }

    /// Looks at every client that is being kept waiting.
    func check() {
        for exchange in current {
            exchange.check(checksPerHeartbeat: options.checksPerHeartbeat)
        }
        connections.check(options)
    }

    /// Takes no more requests, ends the streams, and waits for the rest, though not longer than the grace.
    func windDown() async {
        state.withLock { $0.isStopping = true }
        for exchange in current {
            exchange.windDown()
        }
        let timer = Task {
            // Ending early by cancellation is what the sleep is for: then all exchanges were done in time.
            try? await Task.sleep(for: options.stopGrace)
            state.withLock { state in
                defer { state.emptied = nil }
                return state.emptied
            }?.resume()
        }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                guard !state.open.isEmpty else { return true }
                state.emptied = continuation
                return false
            }
            if isEmpty {
                continuation.resume()
            }
        }
        timer.cancel()
        for exchange in current {
            exchange.abandon()
        }
    }

    private var current: [HTTPExchange] {
        state.withLock { Array($0.open.values) }
    }
}
