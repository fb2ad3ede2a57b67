import Glibc
import Synchronization

/// A TCP proxy in front of a server, which answers in its place, cuts connections off, or lets them hang.
public final class FaultyProxy: Sendable {
    /// What goes wrong.
    public enum Fault: Sendable {
        /// Nothing.
        case none
        /// So many requests get this text as their answer, and the server never sees them.
        case answer(String, times: Int)
        /// After so many bytes from clients, counted from now, all connections break and new ones are refused.
        case cut(afterBytes: Int)
        /// After so many bytes from clients, counted from now, nothing is passed on any more.
        case hang(afterBytes: Int)
        /// What comes from clients is passed on no faster than this.
        case slow(bytesPerSecond: Int)
    }

    private struct State {
        var fault = Fault.none
        var passed = 0
        var mustStop = false
    }

    private struct Pair {
        let client: Int32
        let server: Int32
        /// Whether the client was answered by the proxy and only its end is awaited.
        var isAnswered = false
    }

    /// The port to connect to.
    public let port: Int
    private let target: Int
    private let listener: Int32
    private let state = Mutex(State())

    private init(to target: Int) throws {
        self.target = target
        port = try FreePort.next()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard Self.with(port, { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
            throw TestSupportError("Nothing can listen on 127.0.0.1:\(port).")
        }
    }

    /// Runs `body` with a proxy to a port of 127.0.0.1.
    public static func with<Result>(to target: Int, _ body: (FaultyProxy) async throws -> Result) async throws -> Result
    {
        let proxy = try FaultyProxy(to: target)
        async let ended: Void = onOwnThread { proxy.run() }
        do {
            let result = try await body(proxy)
            proxy.state.withLock { $0.mustStop = true }
            try await ended
            return result
        } catch {
            proxy.state.withLock { $0.mustStop = true }
            try await ended
            throw error
        }
    }

    /// Decides what goes wrong from now on.
    public func set(_ fault: Fault) {
        state.withLock {
            $0.fault = fault
            $0.passed = 0
        }
    }

    /// The bytes from clients that were passed on since a fault was last set.
    public var passed: Int { state.withLock { $0.passed } }

    /// Whether a cut or a hang has come to pass.
    public var hasStruck: Bool {
        state.withLock { state in
            switch state.fault {
            case .cut(let limit), .hang(let limit): state.passed >= limit
            case .none, .answer, .slow: false
            }
        }
    }

    private func run() {
        var pairs: [Pair] = []
        while !state.withLock({ $0.mustStop }) {
            var polled = ([listener] + pairs.flatMap { [$0.client, $0.server] }).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            // A bell would be quicker, but a fault that starts some milliseconds late is a fault as well.
            poll(&polled, nfds_t(polled.count), 10)
            for index in pairs.indices.reversed() {
                let client = polled[1 + 2 * index].revents != 0
                let server = polled[2 + 2 * index].revents != 0
                if (client && !takeFromClient(&pairs[index])) || (server && !takeFromServer(&pairs[index])) || isCut {
                    close(pairs[index].client)
                    close(pairs[index].server)
                    pairs.remove(at: index)
                }
            }
            if polled[0].revents != 0 { pairs += acceptOne().map { [$0] } ?? [] }
        }
        for pair in pairs {
            close(pair.client)
            close(pair.server)
        }
        close(listener)
    }

    private var isCut: Bool {
        state.withLock { state in
            guard case .cut(let limit) = state.fault else { return false }
            return state.passed >= limit
        }
    }

    private func acceptOne() -> Pair? {
        let client = accept(listener, nil, nil)
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        if client >= 0, !isCut, Self.with(target, { connect(server, $0, $1) }) == 0 {
            return Pair(client: client, server: server)
        }
        close(client)
        close(server)
        return nil
    }

    private func takeFromClient(_ pair: inout Pair) -> Bool {
        // How much may pass is decided before it is read, so that a cut is exact.
        let room = state.withLock { state in
            switch state.fault {
            case .cut(let limit), .hang(let limit): min(max(limit - state.passed, 0), 1 << 16)
            case .none, .answer, .slow: 1 << 16
            }
        }
        if case .slow(let speed) = state.withLock({ $0.fault }) { usleep(UInt32((1 << 16) * 1_000_000 / speed)) }
        guard room > 0 else {
            // The bytes stay where they are, as they do before a server that is stopped.
            usleep(2_000)
            return true
        }
        guard let bytes = Self.receive(pair.client, room) else { return false }
        if pair.isAnswered { return true }
        if let answer = takeAnswer() {
            Self.send(pair.client, Array(answer.utf8))
            shutdown(pair.client, Int32(SHUT_WR))
            pair.isAnswered = true
        } else {
            Self.send(pair.server, bytes)
            state.withLock { $0.passed += bytes.count }
        }
        return true
    }

    private func takeAnswer() -> String? {
        state.withLock { state in
            guard case .answer(let text, let times) = state.fault, times > 0 else { return nil }
            state.fault = .answer(text, times: times - 1)
            return text
        }
    }

    private func takeFromServer(_ pair: inout Pair) -> Bool {
        if hasStruck {
            usleep(2_000)
            return true
        }
        guard let bytes = Self.receive(pair.server, 1 << 16) else { return pair.isAnswered }
        if !pair.isAnswered { Self.send(pair.client, bytes) }
        return true
    }

    private static func receive(_ descriptor: Int32, _ room: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = max(recv(descriptor, buffer.baseAddress, room, 0), 0)
        }
        return bytes.isEmpty ? nil : bytes
    }

    private static func send(_ descriptor: Int32, _ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    private static func with(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = loopbackAddress(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
