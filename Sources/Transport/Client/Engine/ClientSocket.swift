import Glibc

/// The sockets of outgoing connections.
enum ClientSocket {
    /// Makes a socket that child processes do not inherit and that notices a dead server by itself; -1 with errno set
    /// on failure.
    ///
    /// Idle connections are probed after 15 seconds, every 5 seconds, 3 times; bytes that nobody acknowledges for 20
    /// seconds end the connection, since libcurl 7.88 cannot send HTTP/2 pings.
    static func open(family: Int32, type: Int32, transportProtocol: Int32) -> Int32 {
        let descriptor = socket(family, type | Int32(SOCK_CLOEXEC.rawValue), transportProtocol)
        guard descriptor >= 0 else {
            return descriptor
        }
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, to: 1)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, to: 15)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, to: 5)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, to: 3)
        set(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, to: 20_000)
        return descriptor
    }

    /// The port at our end; nil for what is not a socket.
    static func localPort(of descriptor: Int32) -> Int? {
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        // The port stands at the same place in the addresses of IPv4 and IPv6.
        return code == 0 ? Int(in_port_t(bigEndian: address.sin6_port)) : nil
    }

    /// Lets an idle connection end; libcurl finds it dead before it would use it again.
    static func shutDown(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, to value: Int32) {
        var value = value
        // Without the option the connection works, only less watchful.
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
