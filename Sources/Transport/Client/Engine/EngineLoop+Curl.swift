import Glibc
import Synchronization

extension EngineLoop: CurlDelegate {
    func willSend(_ transfer: Transfer) {
        transfer.wasStarted = true
        transfer.attemptWasStarted = true
        // A gRPC server may keep even the head of its answer until there is a message to send.
        if transfer.pool.family == .grpc {
            streamHasBegun(transfer)
        }
    }

    func didReceiveHeader(_ transfer: Transfer) {
        if transfer.pool.family == .http {
            streamHasBegun(transfer)
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
        sockets[socket] = OpenSocket(pool: transfer.pool, key: transfer.pool.key)
        transfer.pool.openSockets += 1
        counters.connectionsOpened.add(1, ordering: .relaxed)
        return socket
    }

    func closeSocket(_ socket: Int32) {
        poller.forget(socket)
        sockets.removeValue(forKey: socket)?.pool?.openSockets -= 1
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
