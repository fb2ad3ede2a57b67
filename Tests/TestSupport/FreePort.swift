import Glibc
import Synchronization

/// Picks loopback TCP ports that nothing uses, never the same one twice, also across test processes.
///
/// Ports lie below the kernel's ephemeral range, so that no outgoing connection takes one between the choice and its
/// use. A port is held for this process's lifetime by an abstract socket name, which the kernel frees when it ends.
public enum FreePort {
    private static let range = 10_000..<32_000
    private static let held = Mutex<[Int: Int32]>([:])

    /// A free port.
    public static func next() throws -> Int {
        try held.withLock { held in
            for _ in 0..<2_000 {
                let port = Int.random(in: range)
                guard held[port] == nil, let reservation = reserve(port) else { continue }
                guard isBindable(port) else {
                    close(reservation)
                    continue
                }
                held[port] = reservation
                return port
            }
            throw TestSupportError("No free TCP port was found in \(range) on 127.0.0.1.")
        }
    }

    /// Several free ports.
    public static func next(_ count: Int) throws -> [Int] {
        try (0..<count).map { _ in try next() }
    }

    /// A range of free ports that follow each other.
    public static func range(of count: Int) throws -> ClosedRange<Int> {
        for _ in 0..<2_000 {
            let first = Int.random(in: range.lowerBound..<(range.upperBound - count))
            let ports = first...(first + count - 1)
            let isOurs = held.withLock { held in
                var taken: [Int: Int32] = [:]
                for port in ports {
                    guard held[port] == nil, isBindable(port), let reservation = reserve(port) else {
                        for reservation in taken.values { close(reservation) }
                        return false
                    }
                    taken[port] = reservation
                }
                held.merge(taken) { old, _ in old }
                return true
            }
            if isOurs { return ports }
        }
        throw TestSupportError("No \(count) free TCP ports in a row were found in \(range) on 127.0.0.1.")
    }

    /// Whether a server could listen on this loopback port now.
    ///
    /// It is only bound and not listened on: a process that is started at this moment has a copy of the socket until it
    /// runs its program, and one that listens would keep the server away for so long.
    public static func isBindable(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = loopbackAddress(port)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return bound == 0
    }

    private static func reserve(_ port: Int) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array("\0lodestone-test-port-\(port)".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        if bound == 0 { return descriptor }
        close(descriptor)
        return nil
    }
}

/// The socket address of a port on 127.0.0.1.
func loopbackAddress(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return address
}
