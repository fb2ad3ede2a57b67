import Glibc

/// Makes the socket a server listens on, so that every failure has its name.
enum ListeningSocket {
    /// Binds a socket and listens; the caller owns the descriptor.
    ///
    /// - Returns: The descriptor and the port, which the system chose if 0 was asked for.
    static func open(address: String, port: UInt16) throws(HTTPServerError) -> (descriptor: Int32, port: UInt16) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(address, String(port), &hints, &list)
        guard status == 0, let found = list else {
            throw .unusableAddress(address, reason: "it is not an IP address")
        }
        defer { freeaddrinfo(list) }
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(found.pointee.ai_family, flags, 0)
        guard descriptor >= 0 else { throw failure(address, port, errno) }
        // Without this a restarted server could not listen while the old one's connections are still in TIME_WAIT.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        noticeLostClients(descriptor)
        guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0, listen(descriptor, 512) == 0
        else {
            let code = errno
            close(descriptor)
            throw failure(address, port, code)
        }
        return (descriptor, boundPort(of: descriptor) ?? port)
    }

    /// Has the kernel break connections whose client does not acknowledge what was sent, as after a power cut; what is
    /// accepted on the socket inherits these.
    ///
    /// Without them a heartbeat into a dead connection is repeated for a quarter of an hour.
    private static func noticeLostClients(_ descriptor: Int32) {
        let seconds: Int32 = 30
        for (level, option, value) in [
            (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, seconds),
            (Int32(IPPROTO_TCP), TCP_KEEPINTVL, seconds / 3), (Int32(IPPROTO_TCP), TCP_KEEPCNT, 3),
            (Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, seconds * 1_000),
        ] {
            var value = value
            setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    private static func boundPort(of descriptor: Int32) -> UInt16? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { getsockname(descriptor, $0.baseAddress, &size) }
        }
        guard status == 0 else { return nil }
        // The port stands at the same place for IPv4 and IPv6: right after the family, in network order.
        return withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
    }

    private static func failure(_ address: String, _ port: UInt16, _ code: Int32) -> HTTPServerError {
        switch code {
        case EADDRINUSE: .portInUse(address: address, port: port)
        case EACCES, EPERM: .notPermitted(address: address, port: port)
        case EADDRNOTAVAIL: .unusableAddress(address, reason: "no interface of this machine has it")
        default: .failed(address: address, port: port, reason: String(cString: strerror(code)))
        }
    }
}
