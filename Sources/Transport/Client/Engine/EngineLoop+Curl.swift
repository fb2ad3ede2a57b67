import Glibc
import Synchronization

extension EngineLoop: CurlDelegate {
    func willSend(_ transfer: Transfer, localPort: Int) {
        register(transfer, localPort: localPort)
        transfer.wasStarted = true
        transfer.attemptWasStarted = true
        // A gRPC server may keep even the head of its answer until there is a message to send; and a call that may take
        // as long as it moves has to move from here on.
        if transfer.pool.family == .grpc || transfer.request.kind == .call {
            hasBegun(transfer)
        }
    }

    func didReceiveHeader(_ transfer: Transfer) {
        if transfer.pool.family == .http {
            hasBegun(transfer)
        }
    }

    func openSocket(for transfer: Transfer, family: Int32, type: Int32, transportProtocol: Int32) -> Int32 {
        guard !transfer.isRider else {
            transfer.wasRefusedSocket = true
            return -1
        }
        let socket = ClientSocket.open(family: family, type: type, transportProtocol: transportProtocol)
        guard socket >= 0 else {
            transfer.lacksDescriptors = errno == EMFILE || errno == ENFILE
            return -1
        }
        transfer.madeSockets.append(socket)
        return socket
    }

    /// Enters the new connection of an opener in the books.
    ///
    /// Not before it stands: until then libcurl closes sockets without telling, and may have made several, one per
    /// address of a name. The local port tells which of them it is.
    private func register(_ transfer: Transfer, localPort: Int) {
        guard !transfer.isRider,
            let socket = transfer.madeSockets.first(where: { ClientSocket.localPort(of: $0) == localPort })
        else {
            return
        }
        transfer.madeSockets = []
        sockets[socket] = OpenSocket(pool: transfer.pool, key: transfer.pool.key)
        transfer.pool.opened()
        transfer.holdsConnection = true
        transfer.pool.occupied()
        counters.connectionsOpened.add(1, ordering: .relaxed)
    }

    func closeSocket(_ socket: Int32) {
        poller.forget(socket)
        if let open = sockets.removeValue(forKey: socket) {
            open.pool?.closed()
            counters.connectionsClosed.add(1, ordering: .relaxed)
        }
        _ = close(socket)
    }

    func watch(socket: Int32, tag: Int, reads: Bool, writes: Bool) {
        poller.watch(socket, tag: tag, reads: reads, writes: writes)
    }

    func forget(socket: Int32) { poller.forget(socket) }

    func setTimer(tag: Int, milliseconds: Int?) {
        timers[tag] = milliseconds.map { .now + .milliseconds($0) }
    }
}
