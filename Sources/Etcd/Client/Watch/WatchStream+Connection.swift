import Model
import Synchronization
import Transport

extension WatchStream {
    /// What became of one connection.
    struct Connection {
        /// Why it ended, or was never made.
        let failure: EtcdError
        /// The token it was made with.
        var token: AuthSession.Token?
        /// Whether the member may have forgotten the token, so that a new one could help.
        var doubtsToken = false
        /// Whether it brought anything.
        var brought = false
    }

    /// Connects to a member and delivers what comes, until that ends.
    func serve(_ client: EtcdClient, afterRefusalOf refused: AuthSession.Token?) async -> Connection {
        let isOrdered: Bool
        let stream: GRPCStream
        let token: AuthSession.Token?
        do {
            isOrdered = try await hasOrderedProgress(client)
            (stream, token) = try await client.open(
                .watch, metadata: [(name: "hasleader", value: "true")], idleTimeout: options.heartbeat * 3,
                afterRefusalOf: refused)
        } catch {
            return Connection(failure: error)
        }
        let doubtsToken = token != nil && refused == nil
        let heardBefore = state.withLock { state in
            state.connection = stream
            // Sent under the lock, so that creations reach the server in the order in which answers are expected.
            for message in state.table.connect(hasOrderedProgress: isOrdered, doubtsToken: doubtsToken) {
                stream.send(message)
            }
            return state.heard
        }
        let failure = await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.beat(stream) }
            let failure = await read(stream, client)
            stream.cancel()
            group.cancelAll()
            return failure
        }
        let brought = state.withLock { $0.heard } > heardBefore
        return Connection(failure: failure, token: token, doubtsToken: doubtsToken, brought: brought)
    }

    /// Asks the member for its release; one that does not tell is taken for an old one.
    private func hasOrderedProgress(_ client: EtcdClient) async throws(EtcdError) -> Bool {
        do {
            return EtcdVersion(try await client.status().version)?.hasOrderedProgress ?? false
        } catch  where error.code == .permissionDenied || error.code == .unauthenticated {
            return false
        }
    }

    /// Asks for a sign of life at every beat; a member that is busy with events may leave it unanswered.
    private func beat(_ stream: GRPCStream) async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: options.heartbeat)
            } catch {
                return  // Cancelled: the connection has ended.
            }
            stream.send(WatchRequest.progress)
        }
    }

    /// Reads until the connection ends or must end.
    private func read(_ stream: GRPCStream, _ client: EtcdClient) async -> EtcdError {
        while true {
            do throws(EtcdError) {
                let message = try await receive(stream, client)
                if let failure = await take(message, client) { return failure }
            } catch {
                return error
            }
        }
    }

    private func receive(_ stream: GRPCStream, _ client: EtcdClient) async throws(EtcdError) -> WatchMessage {
        let received: GRPCMessage?
        do {
            received = try await stream.next()
        } catch {
            throw EtcdError(error, isIdempotent: true)
        }
        guard let received else {
            throw EtcdError(
                .unavailable, "the member ended the watch stream", endpoint: client.endpoint.url, isIdempotent: true)
        }
        do {
            return try WatchMessage(received)
        } catch {
            throw client.malformed(error)
        }
    }

    /// Acts on a message; returns why the connection must end, if it must.
    private func take(_ message: WatchMessage, _ client: EtcdClient) async -> EtcdError? {
        let (effects, buffers) = state.withLock { state in
            state.heard += 1
            let effects = state.table.receive(message, from: client.endpoint.url)
            defer { for case .fail(let key, _) in effects { state.buffers[key] = nil } }
            return (effects, state.buffers)
        }
        var failure: EtcdError?
        for effect in effects {
            switch effect {
            case .deliver(let key, let batch):
                buffers[key]?.add(batch)
                await makeRoom(key)
            case .fail(let key, let error):
                buffers[key]?.finish(error)
            case .reconnect(let error):
                failure = error
            }
        }
        return failure
    }

    /// Waits until a full buffer has room if its watch is the only one; otherwise stops that watch at the server, so
    /// that the others go on.
    private func makeRoom(_ key: Int) async {
        while !Task.isCancelled {
            let mustWait = state.withLock { state in
                guard let buffer = state.buffers[key], buffer.isFull else { return false }
                if state.table.count == 1 { return true }
                if let message = state.table.park(key) { state.connection?.send(message) }
                return false
            }
            guard mustWait else { return }
            await wakeup.wait()
        }
    }
}
