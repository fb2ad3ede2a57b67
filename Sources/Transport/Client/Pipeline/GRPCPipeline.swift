import CPlatform
import Glibc

/// Calls of one gRPC method over one connection, many under way at a time, that reach the server in the order they were
/// sent.
///
/// Where order and rate matter more than convenience: what is sent together leaves in one piece, and answers are taken
/// in bunches. It belongs to one thread, which may block, as `BlockingTask` gives one; only its bell may be rung from
/// anywhere. A call that the server answers without a message says no more than that: see `HTTP2Session`.
public final class GRPCPipeline {
    /// What became of a call.
    public struct Answer: Sendable {
        /// Which call it was, counted from 0 in the order they were sent.
        public let number: Int
        /// What the server answered; nil if it refused the call or failed in it.
        public let message: GRPCMessage?
    }

    /// Ends the wait of the thread that a pipeline belongs to.
    public final class Bell: Sendable {
        let poller: Poller

        /// Makes a bell.
        ///
        /// - Throws: `GRPCError` if the process has no descriptor left.
        public init() throws(GRPCError) {
            guard let poller = Poller() else {
                throw GRPCPipeline.error(TransferFailure.noDescriptors, "pipeline", wasSent: .no)
            }
            self.poller = poller
        }

        deinit { poller.close() }

        /// Ends a wait that runs, or the next one.
        public func ring() { poller.wake() }

        /// Waits until it rings or the time is over, without a connection.
        public func wait(_ duration: Duration) {
            _ = poller.wait(milliseconds: GRPCPipeline.milliseconds(duration))
        }
    }

    /// The server.
    public let endpoint: Endpoint
    private let bell: Bell
    private let connection: CurlConnection
    private let socket: Int32
    private var session: HTTP2Session
    /// What libcurl has been given and not taken; not to be moved until it has.
    private var sending: UnsafeMutableRawBufferPointer
    private var sendingCount = 0
    private var sent = 0
    private var watchesWriting = false
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)

    /// Connects, which waits.
    ///
    /// - Parameters:
    ///   - endpoint: the server.
    ///   - method: service and method, such as `/etcdserverpb.KV/Txn`.
    ///   - metadata: additional request headers, the same for every call.
    ///   - timeout: how long connecting may take.
    ///   - bell: what ends a wait.
    /// - Throws: `GRPCError`; nothing has been sent.
    public init(
        _ endpoint: Endpoint, method: String, metadata: [(name: String, value: String)] = [],
        timeout: Duration = .seconds(5), bell: Bell
    ) throws(GRPCError) {
        // OpenSSL writes to a broken connection as anybody does; the signal is the thread's own.
        var pipe = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipe, nil)
        guard let head = HTTP2RequestHead(endpoint, path: method, metadata: metadata) else {
            throw GRPCError(
                code: .invalidArgument, message: "the metadata is not valid in a header", endpoint: endpoint.url,
                wasSent: .no, isTransport: true, isIdempotent: false)
        }
        guard let connection = CurlConnection() else { throw Self.error(.noDescriptors, endpoint.url, wasSent: .no) }
        do throws(TransferFailure) {
            try connection.open(endpoint, milliseconds: Int(Self.milliseconds(timeout)))
        } catch {
            throw Self.error(error, endpoint.url, wasSent: .no)
        }
        self.endpoint = endpoint
        self.bell = bell
        self.connection = connection
        socket = connection.socket
        session = HTTP2Session(head: head)
        sending = .allocate(byteCount: 1 << 16, alignment: 8)
        bell.poller.watch(socket, tag: 1, reads: true, writes: false)
    }

    deinit {
        bell.poller.forget(socket)
        sending.deallocate()
        buffer.deallocate()
    }

    /// How many calls have no answer yet.
    public var unanswered: Int { session.unanswered }

    /// Whether another connection is due, since this one's numbers run out: after a thousand million calls.
    public var isWornOut: Bool { session.isWornOut }

    /// Sends calls, which leave in one piece as far as the server has room for them.
    ///
    /// - Throws: `GRPCError` if the connection broke; what was sent may have had its effect.
    public func send(_ messages: [[UInt8]]) throws(GRPCError) {
        for message in messages { session.send(message) }
        try flush()
    }

    /// Waits for answers until there are some, the bell rings or the time is over, and returns what there is.
    ///
    /// - Throws: `GRPCError` if the connection broke; what has no answer may have had its effect.
    public func answers(within duration: Duration) throws(GRPCError) -> [Answer] {
        var answers = session.takeAnswers()
        guard answers.isEmpty else { return answers.map { Answer(number: $0.number, message: $0.message) } }
        for event in bell.poller.wait(milliseconds: Self.milliseconds(duration))
        where event.isReadable || event.isBroken {
            try receive()
        }
        try flush()
        answers = session.takeAnswers()
        return answers.map { Answer(number: $0.number, message: $0.message) }
    }

    private func receive() throws(GRPCError) {
        while true {
            let count = connection.receive(into: buffer)
            if count == -1 { return }
            guard count > 0 else {
                throw Self.error(.library(code: 56, detail: "the connection ended"), endpoint.url, wasSent: .unknown)
            }
            do throws(HTTP2Session.Failure) {
                try session.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } catch {
                throw Self.error(.library(code: 16, detail: error.sentence), endpoint.url, wasSent: .unknown)
            }
        }
    }

    private func flush() throws(GRPCError) {
        while true {
            if sent == sendingCount {
                let output = session.takeOutput()
                (sent, sendingCount) = (0, output.count)
                if output.isEmpty { break }
                if output.count > sending.count {
                    sending.deallocate()
                    sending = .allocate(byteCount: output.count, alignment: 8)
                }
                sending.copyBytes(from: output)
            }
            let count = connection.send(UnsafeRawBufferPointer(rebasing: sending[sent..<sendingCount]))
            if count == -1 { break }
            guard count >= 0 else {
                throw Self.error(.library(code: 55, detail: "sending failed"), endpoint.url, wasSent: .unknown)
            }
            sent += count
        }
        let mustWait = sent < sendingCount
        guard mustWait != watchesWriting else { return }
        watchesWriting = mustWait
        bell.poller.watch(socket, tag: 1, reads: true, writes: mustWait)
    }

    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, rest) = duration.components
        return Int32(clamping: max(seconds, 0) * 1000 + rest / 1_000_000_000_000_000 + (rest > 0 ? 1 : 0))
    }

    private static func error(_ failure: TransferFailure, _ endpoint: String, wasSent: Sent) -> GRPCError {
        GRPCError(
            code: failure.isDeadline ? .deadlineExceeded : .unavailable, message: failure.sentence,
            endpoint: endpoint, wasSent: wasSent, isTransport: true, isOfTrust: failure.isOfTrust, isIdempotent: false)
    }
}
