import Glibc
import Synchronization
import TestSupport

/// A TCP proxy that can hold back one direction and reset its connections, in front of a real server.
final class FaultProxy: Sendable {
    /// What is passed on.
    enum Mode: Sendable {
        /// Everything.
        case relay
        /// Requests; answers are swallowed.
        case holdAnswers
        /// Nothing; requests are swallowed.
        case holdRequests
    }

    /// The port to connect to.
    let port: Int
    private let listener: Int32
    private let target: Int
    private let state = Mutex((mode: Mode.relay, mustReset: false, mustStop: false, accepted: 0, swallowed: 0))
    private let bell: (read: Int32, write: Int32)

    private init(to target: Int) throws {
        self.target = target
        (listener, port) = try TestSocket.listen()
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestSupportError("No pipe.") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        bell = (ends[0], ends[1])
    }

    /// Runs `body` with a proxy to a port of 127.0.0.1.
    static func with<Result>(to target: Int, _ body: (FaultProxy) async throws -> Result) async throws -> Result {
        let proxy = try FaultProxy(to: target)
        async let ended: Void = onOwnThread { proxy.run() }
        do {
            let result = try await body(proxy)
            proxy.change { $0.mustStop = true }
            try await ended
            return result
        } catch {
            proxy.change { $0.mustStop = true }
            try await ended
            throw error
        }
    }

    /// Decides what is passed on from now on.
    func set(_ mode: Mode) { change { $0.mode = mode } }

    /// Resets all connections of clients, closes those to the server in order, and relays what comes over new ones.
    func resetConnections() async throws {
        change {
            $0.mustReset = true
            $0.mode = .relay
        }
        try await eventually("the connections are reset") { state.withLock { !$0.mustReset } }
    }

    /// Connections of clients accepted so far.
    var accepted: Int { state.withLock { $0.accepted } }

    /// Bytes swallowed so far.
    var swallowed: Int { state.withLock { $0.swallowed } }

    private func change(
        _ body: (inout (mode: Mode, mustReset: Bool, mustStop: Bool, accepted: Int, swallowed: Int)) -> Void
    ) {
        state.withLock { body(&$0) }
        var byte: UInt8 = 0
        write(bell.write, &byte, 1)
    }

    private func run() {
        var pairs: [(client: Int32, server: Int32)] = []
        while true {
            let now = state.withLock { state in
                defer { state.mustReset = false }
                return state
            }
            if now.mustReset || now.mustStop {
                for pair in pairs {
                    TestSocket.reset(pair.client)
                    close(pair.server)
                }
                pairs = []
            }
            if now.mustStop { break }
            var polled = ([listener, bell.read] + pairs.flatMap { [$0.client, $0.server] }).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            poll(&polled, nfds_t(polled.count), 1000)
            for (index, pair) in pairs.enumerated().reversed() {
                let mode = state.withLock { $0.mode }
                let isOpen =
                    move(polled[2 + 2 * index], to: pair.server, unless: mode == .holdRequests)
                    && move(polled[3 + 2 * index], to: pair.client, unless: mode != .relay)
                if !isOpen {
                    close(pair.client)
                    close(pair.server)
                    pairs.remove(at: index)
                }
            }
            if polled[0].revents != 0 {
                let client = accept(listener, nil, nil)
                if let server = TestSocket.connect(to: target) {
                    pairs.append((client, server))
                    state.withLock { $0.accepted += 1 }
                } else {
                    close(client)
                }
            }
            if polled[1].revents != 0 { _ = TestSocketBell.drain(bell.read) }
        }
        for descriptor in [listener, bell.read, bell.write] { close(descriptor) }
    }

    private func move(_ source: pollfd, to target: Int32, unless isHeld: Bool) -> Bool {
        guard source.revents != 0 else { return true }
        guard let bytes = TestSocket.receive(source.fd) else { return false }
        if isHeld {
            state.withLock { $0.swallowed += bytes.count }
        } else {
            TestSocket.send(target, bytes)
        }
        return true
    }
}

/// Reading what rang.
private enum TestSocketBell {
    static func drain(_ descriptor: Int32) -> Int {
        var bytes = [UInt8](repeating: 0, count: 64)
        return read(descriptor, &bytes, bytes.count)
    }
}
