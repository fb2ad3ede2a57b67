import Glibc

/// One plain HTTP/1.1 GET over a socket of its own, so that tests need no module under test to see that etcd is up.
public enum LoopbackHTTP {
    /// An answer: status code and body.
    public struct Answer: Sendable {
        /// Status code of the response.
        public let status: Int
        /// Body as text.
        public let body: String
    }

    /// Gets `path` from 127.0.0.1; every socket call ends within `timeout`.
    public static func get(port: Int, path: String, timeout: Duration = .seconds(2)) async throws -> Answer {
        try await onOwnThread { try blockingGet(port, path, timeout) }
    }

    private static func blockingGet(_ port: Int, _ path: String, _ timeout: Duration) throws -> Answer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw TestSupportError(call: "socket", code: errno) }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: Int(timeout.components.seconds), tv_usec: 0)
        if limit.tv_sec == 0 { limit.tv_usec = Int(timeout.components.attoseconds / 1_000_000_000_000) }
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))

        var address = loopbackAddress(port)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw TestSupportError(call: "connect(127.0.0.1:\(port))", code: errno) }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw TestSupportError(call: "send(127.0.0.1:\(port))", code: errno)
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count >= 0 else { throw TestSupportError(call: "recv(127.0.0.1:\(port))", code: errno) }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return try parse(String(decoding: bytes, as: UTF8.self), port)
    }

    private static func parse(_ text: String, _ port: Int) throws -> Answer {
        let words = text.prefix(64).split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]),
            let split = text.firstRange(of: "\r\n\r\n")
        else { throw TestSupportError("127.0.0.1:\(port) did not answer with HTTP: \(text.prefix(200))") }
        return Answer(status: status, body: String(text[split.upperBound...]))
    }
}
