import Glibc

/// What is done with a connection's socket past libmicrohttpd.
extension MicroHTTPConnection {
    /// Breaks the connection; the daemon notices when the connection is resumed or polled.
    func disconnect() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Whether the client closed its side: a suspended connection is not polled by the daemon.
    var isAbandoned: Bool {
        let hangUp = Int16(POLLERR | POLLHUP) | 0x2000 /* POLLRDHUP */
        var watched = pollfd(fd: descriptor, events: 0x2000, revents: 0)
        return poll(&watched, 1, 0) > 0 && watched.revents & hangUp != 0
    }
}
