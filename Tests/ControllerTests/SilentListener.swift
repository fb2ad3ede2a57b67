import Glibc
import TestSupport

/// An address that takes connections, as long as the kernel does, and never answers: like a frozen process, and soon
/// like a host that drops every packet.
final class SilentListener: Sendable {
    let url: String
    private let descriptor: Int32

    init() throws {
        let port = try FreePort.next()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // What a process that is just being started holds of the choice of the port is no obstacle then.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(descriptor, 128) == 0 else {
            close(descriptor)
            throw TestSupportError("Port \(port) cannot be listened on.")
        }
        self.descriptor = descriptor
        url = "http://127.0.0.1:\(port)"
    }

    deinit {
        close(descriptor)
    }
}
