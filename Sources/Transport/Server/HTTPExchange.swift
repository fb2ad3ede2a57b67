import Synchronization

/// One request and its answer: the bridge between the daemon's thread, which calls in here at every step, and the
/// Swift task that runs the handler.
///
/// While the handler works, or a stream has nothing to send, the connection is suspended; whoever has news resumes
/// it. Connection and phase change together under one lock, so a connection is never resumed twice, nor after its end.
final class HTTPExchange: Sendable {
    /// How far the exchange has come; it only ever moves down this list.
    enum Phase {
        /// The body is arriving.
        case receiving
        /// The handler runs; the connection is suspended.
        case handling
        /// The answer is there and waits for the daemon's thread.
        case answered(MicroHTTPResponse)
        /// The answer is being sent.
        case sending
        /// The daemon is done with the request; the connection is gone or serves another one.
        case over
    }

    struct State {
        /// The request without its body, until the handler has it.
        var head: HTTPRequestHead?
        var connection: MicroHTTPConnection?
        var phase = Phase.receiving
        var isSuspended = false
        var body: [UInt8] = []
        var bodySize = 0
        var isStarved = false
        var stalledBodySize: Int?
        var task: Task<Void, Never>?
        var isTaskDone = true
        var stream: HTTPStreamState?

        /// Lets the daemon call in again.
        mutating func resume() {
            guard isSuspended else { return }
            isSuspended = false
            connection?.resume()
        }

        /// Stops the daemon from calling in; on its own thread only.
        mutating func suspend() {
            isSuspended = true
            connection?.suspend()
        }

        /// Breaks the connection of a client that closed it in the middle of its body.
        ///
        /// libmicrohttpd 0.9.75 misses the end of a connection that arrives together with data, and would wait for
        /// the idle timeout. Two looks without progress in between make sure that nothing is left to read.
        mutating func dropStalledUpload() {
            guard case .receiving = phase, let connection, connection.isAbandoned else { return }
            if stalledBodySize == bodySize {
                connection.disconnect()
            }
            stalledBodySize = bodySize
        }

        /// Hands an answer to the daemon; on its own thread only.
        mutating func send(_ response: MicroHTTPResponse?) -> Bool {
            phase = .sending
            guard let response else { return false }
            return connection?.queue(response) ?? false
        }
    }

    let state: Mutex<State>
    private let exchanges: HTTPExchanges

    init(_ head: HTTPRequestHead, from connection: MicroHTTPConnection, in exchanges: HTTPExchanges) {
        self.exchanges = exchanges
        state = Mutex(State(head: head, connection: connection))
    }

    // MARK: What the daemon's thread reports; false closes the connection.

    /// The head is there; a body far too large to read is refused right away.
    func headReceived() -> Bool {
        state.withLock { state in
            // Answers begin in the same memory: what was done must not go unanswered because its question was long.
            if let head = state.head {
                let room = exchanges.options.connectionMemory - HeadMemory.size(of: head)
                let reason = "the head of the request is longer than this server reads"
                guard room >= HeadMemory.refusal else {
                    state.connection?.answerAtOnce(exchanges.options.refusal(431, reason).wire)
                    exchanges.options.refused(HTTPRefusedRequest(head, status: 431, reason: reason))
                    return false
                }
                guard room >= HeadMemory.answer else { return refuse(&state, 431, reason) }
            }
            guard let length = state.head?.contentLength, length > discardLimit else { return true }
            return refuse(&state, 413, bodyTooLarge)
        }
    }

    /// A piece of the body is there.
    ///
    /// A body somewhat too large is read to its end and dropped, because a client still sending would not see the
    /// answer.
    func received(_ piece: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            state.bodySize += piece.count
            let held = exchanges.bodyBytes.add(piece.count, ordering: .relaxed).newValue
            state.isStarved = state.isStarved || held > exchanges.options.bodyMemory
            if state.bodySize <= exchanges.options.bodyLimit, !state.isStarved {
                state.body.append(contentsOf: piece)
            } else {
                state.body = []
            }
            guard state.bodySize > discardLimit else { return true }
            if let head = state.head {
                exchanges.options.refused(
                    HTTPRefusedRequest(head, status: 413, reason: "\(bodyTooLarge), and the connection was closed"))
            }
            return false
        }
    }

    /// The body is complete, or the connection was resumed.
    func proceed() -> Bool {
        state.withLock { state in
            switch state.phase {
            case .receiving:
                guard state.bodySize <= exchanges.options.bodyLimit else {
                    return refuse(&state, 413, bodyTooLarge)
                }
                guard !state.isStarved else {
                    return refuse(&state, 503, "the server holds as many request bodies as it can; try again")
                }
                guard !exchanges.isStopping else { return refuse(&state, 503, "the server is stopping") }
                guard let request = state.head?.request(body: state.body) else {
                    return refuse(&state, 400, "the path or query is not properly escaped UTF-8")
                }
                state.head = nil
                state.body = []
                state.phase = .handling
                state.suspend()
                state.isTaskDone = false
                state.task = Task { await self.handle(request) }
            case .handling:
                state.suspend()
            case .answered(let response):
                return state.send(response)
            case .sending, .over:
                break
            }
            return true
        }
    }

    /// The daemon is done with the request: the answer is out, or the client is gone.
    ///
    /// - Parameter status: The status that was answered; one that is not of our making says what libmicrohttpd thinks of
    ///   the body.
    func ended(answered status: Int) {
        let (task, writer) = state.withLock { state in
            if case .receiving = state.phase, status >= 400, let head = state.head {
                exchanges.options.refused(
                    HTTPRefusedRequest(head, status: status, reason: "the body of the request is malformed"))
            }
            state.phase = .over
            state.connection = nil
            state.isSuspended = false
            state.body = []
            exchanges.bodyBytes.subtract(state.bodySize, ordering: .relaxed)
            state.bodySize = 0
            defer { state.task = nil }
            return (state.task, state.stream?.end(.clientLeft, dropping: true))
        }
        task?.cancel()
        writer?.resume()
        leaveIfDone()
    }

    // MARK: The handler's task

    private func handle(_ request: HTTPServerRequest) async {
        let response = Gzip.encoded(await exchanges.handler(request), for: request)
        switch response.body {
        case .bytes(let bytes):
            answer(MicroHTTPResponse(status: response.status, headers: response.headers, bytes: bytes))
        case .stream(let stream):
            state.withLock { state in
                let ending: HTTPStreamEnded? =
                    if case .handling = state.phase { exchanges.isStopping ? .serverStopping : nil } else {
                        .clientLeft
                    }
                state.stream = HTTPStreamState(stream, ending: ending)
                if ending != nil {
                    state.task?.cancel()
                }
            }
            answer(MicroHTTPResponse(status: response.status, headers: response.headers, streamOf: self))
            // In a task of its own: that of the handler keeps the memory which its deep calls took, as long as it lives.
            state.withLock { state in
                let isCancelled = state.task?.isCancelled ?? true
                state.task = Task { await self.run(stream) }
                if isCancelled {
                    state.task?.cancel()
                }
            }
            return
        }
        taskIsDone()
    }

    private func taskIsDone() {
        state.withLock { $0.isTaskDone = true }
        leaveIfDone()
    }

    private func answer(_ response: MicroHTTPResponse?) {
        state.withLock { state in
            guard case .handling = state.phase else { return }
            if let response = response ?? refusal(500, "out of memory") {
                state.phase = .answered(response)
            } else {
                state.connection?.disconnect()
            }
            state.resume()
        }
    }

    // MARK: The server's looks and its stop

    /// Looks whether the client is still there, and lets a silent stream speak up.
    func check(checksPerHeartbeat: Int) {
        let (task, writer) = state.withLock { state -> (Task<Void, Never>?, CheckedContinuation<Void, Never>?) in
            guard let connection = state.connection else { return (nil, nil) }
            guard state.isSuspended else {
                state.dropStalledUpload()
                return (nil, nil)
            }
            guard connection.isAbandoned else {
                if state.stream?.beats(after: checksPerHeartbeat) == true {
                    state.resume()
                }
                return (nil, nil)
            }
            let writer = state.stream?.end(.clientLeft, dropping: true)
            if state.stream != nil {
                state.resume()
            }
            return (state.task, writer)
        }
        task?.cancel()
        writer?.resume()
    }

    /// Ends a stream in good order because the server stops; a handler may finish what it does.
    func windDown() {
        let (task, writer) = state.withLock { state -> (Task<Void, Never>?, CheckedContinuation<Void, Never>?) in
            guard let writer = state.stream.map({ _ in state.stream?.end(.serverStopping, dropping: false) }) else {
                return (nil, nil)
            }
            state.resume()
            return (state.task, writer)
        }
        task?.cancel()
        writer?.resume()
    }

    /// Leaves nothing suspended, because the daemon is about to stop whatever the handler still does.
    func abandon() {
        let (task, writer) = state.withLock { state -> (Task<Void, Never>?, CheckedContinuation<Void, Never>?) in
            if case .handling = state.phase, let answer = refusal(503, "the server is stopping") {
                state.phase = .answered(answer)
            }
            let writer = state.stream?.end(.serverStopping, dropping: true)
            state.connection?.disconnect()
            state.resume()
            return (state.task, writer)
        }
        task?.cancel()
        writer?.resume()
    }

    /// Forgets the exchange once the daemon and the task are done with it.
    func leaveIfDone() {
        let (isDone, stream) = state.withLock { state -> (Bool, HTTPStreamState?) in
            guard case .over = state.phase, state.isTaskDone else { return (false, nil) }
            // With the stream goes whoever holds this exchange through its writer.
            defer { state.stream = nil }
            return (true, state.stream)
        }
        guard isDone else { return }
        stream?.source.closed()
        exchanges.remove(self)
    }

    private var discardLimit: Int { exchanges.options.bodyLimit * 4 }
    private var bodyTooLarge: String { "the request body is larger than \(exchanges.options.bodyLimit) bytes" }

    /// Answers a request that the handler will not see.
    private func refuse(_ state: inout State, _ status: Int, _ text: String) -> Bool {
        if let head = state.head {
            exchanges.options.refused(HTTPRefusedRequest(head, status: status, reason: text))
        }
        return state.send(refusal(status, text))
    }

    private func refusal(_ status: Int, _ text: String) -> MicroHTTPResponse? {
        let response = exchanges.options.refusal(status, text)
        guard case .bytes(let bytes) = response.body else { return nil }
        return MicroHTTPResponse(status: response.status, headers: response.headers, bytes: bytes)
    }
}
