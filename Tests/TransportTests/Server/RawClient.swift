import Glibc
import TestSupport

/// A TCP connection that says exactly what a test wants it to say, also what no HTTP client would.
///
/// Reads poll with a deadline instead of blocking, so that a test never holds a thread the server's tasks need.
final class RawClient {
    private var descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw TestSupportError("no socket: errno \(errno)") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafeBytes(of: &address) { bytes in
            let size = socklen_t(bytes.count)
            return bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, size) }
        }
        guard status == 0 else { throw TestSupportError("no connection to port \(port): errno \(errno)") }
    }

    deinit { close() }

    /// Sends bytes; false if the server has closed the connection.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Says that nothing more will be sent; answers are still read.
    func endSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes at once; with `reset` by RST, as a killed client's kernel does when data is left unread.
    func close(reset: Bool = false) {
        guard descriptor >= 0 else { return }
        if reset {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        }
        Glibc.close(descriptor)
        descriptor = -1
    }

    /// Whether the server has closed the connection.
    var isClosed: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT) | 2 /* MSG_PEEK */)
        return count == 0 || (count < 0 && errno != EAGAIN)
    }

    /// Limits how much the kernel buffers for a client that does not read.
    func shrinkReceiveBuffer() {
        var size: Int32 = 4_096
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Reads until the text so far satisfies the condition or the server closes; returns what was read.
    func read(
        timeout: Duration = .seconds(10), until isEnough: (String) -> Bool = { _ in false }
    ) async throws -> String {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        try await eventually("the server has sent enough or closed", timeout: timeout, poll: .milliseconds(2)) {
            while true {
                let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                if count == 0 || (count < 0 && errno != EAGAIN) { return true }
                if count < 0 { return isEnough(String(decoding: received, as: UTF8.self)) }
                received.append(contentsOf: buffer[..<count])
            }
        }
        return String(decoding: received, as: UTF8.self)
    }
}
