import Synchronization

/// A streamed answer's state: what waits to be sent and how the stream ended.
struct HTTPStreamState {
    private(set) var queue = HTTPStreamQueue()
    private(set) var ending: HTTPStreamEnded?
    private(set) var isFinished = false
    private let limit: Int
    private let heartbeat: [UInt8]
    private var silentChecks = 0
    private var writer: (continuation: CheckedContinuation<Void, Never>, needed: Int)?
    private var refused = 0

    init(limit: Int, heartbeat: [UInt8], ending: HTTPStreamEnded?) {
        self.ending = ending
        self.limit = limit
        self.heartbeat = heartbeat
    }

    /// Adds bytes if they fit; a piece larger than the whole queue fits when the queue is empty.
    mutating func append(_ bytes: [UInt8]) -> Bool {
        guard hasRoom(for: bytes.count) else {
            refused = bytes.count
            return false
        }
        queue.append(bytes)
        silentChecks = 0
        return true
    }

    /// Moves bytes to the client; the writer, if the room it waits for is there now, is to be resumed.
    mutating func take(into buffer: UnsafeMutableRawBufferPointer) -> (Int, CheckedContinuation<Void, Never>?) {
        let count = queue.take(into: buffer)
        guard let waiting = writer, hasRoom(for: waiting.needed) else { return (count, nil) }
        writer = nil
        return (count, waiting.continuation)
    }

    /// Remembers a writer that waits for room; false if it need not wait.
    mutating func wait(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        guard ending == nil, !hasRoom(for: refused) else { return false }
        writer = (continuation, refused)
        return true
    }

    /// Takes the waiting writer out, to be resumed.
    mutating func takeWriter() -> CheckedContinuation<Void, Never>? {
        defer { writer = nil }
        return writer?.continuation
    }

    /// Ends the stream from outside, the first reason stands; the waiting writer is to be resumed.
    mutating func end(_ reason: HTTPStreamEnded, dropping: Bool) -> CheckedContinuation<Void, Never>? {
        ending = ending ?? reason
        if dropping {
            queue.removeAll()
        }
        return takeWriter()
    }

    /// Ends the stream because everything is written.
    mutating func finish() {
        isFinished = true
    }

    /// Counts a look at a silent stream; true if a heartbeat was added.
    mutating func beats(after checks: Int) -> Bool {
        silentChecks += 1
        guard silentChecks >= checks, !heartbeat.isEmpty, ending == nil else { return false }
        silentChecks = 0
        queue.append(heartbeat)
        return true
    }

    private func hasRoom(for count: Int) -> Bool {
        queue.count == 0 || queue.count + count <= limit
    }
}

/// The stream of an exchange: written by the handler's task, read by the daemon's thread.
extension HTTPExchange {
    /// What the daemon's thread gets when it asks for more of a stream.
    enum StreamRead {
        case bytes(Int)
        case later
        case end
        case failure
    }

    /// What happens to bytes that the queue has no room for.
    enum Overflow {
        case wait
        case cut
    }

    /// How the stream ended; nil while it goes on.
    var streamEnd: HTTPStreamEnded? {
        state.withLock { state in
            guard let stream = state.stream else { return .clientLeft }
            return stream.ending
        }
    }

    /// Supplies the daemon with bytes, or suspends the connection until there are some.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamRead {
        let (result, writer) = state.withLock { state -> (StreamRead, CheckedContinuation<Void, Never>?) in
            let taken = state.stream?.take(into: buffer)
            guard let (count, writer) = taken else { return (.failure, nil) }
            if count > 0 {
                return (.bytes(count), writer)
            }
            switch state.stream?.ending {
            case .clientTooSlow, .clientLeft, .cancelled: return (.failure, writer)
            case .serverStopping: return (.end, writer)
            case nil: break
            }
            if state.stream?.isFinished == true {
                return (.end, writer)
            }
            state.suspend()
            return (.later, writer)
        }
        writer?.resume()
        return result
    }

    /// Adds bytes for the client; false if there is no room and `overflow` says to wait.
    func enqueue(_ bytes: [UInt8], onOverflow overflow: Overflow) throws(HTTPStreamEnded) -> Bool {
        let outcome = state.withLock { state -> Result<Bool, HTTPStreamEnded> in
            if let ending = state.stream.map(\.ending) ?? .clientLeft {
                return .failure(ending)
            }
            if state.stream?.append(bytes) == true {
                state.resume()
                return .success(true)
            }
            guard overflow == .cut else { return .success(false) }
            _ = state.stream?.end(.clientTooSlow, dropping: true)
            state.connection?.disconnect()
            state.resume()
            return .failure(.clientTooSlow)
        }
        return try outcome.get()
    }

    /// Waits until bytes that were just refused fit, the stream ends, or the task is cancelled.
    func waitForRoom() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    !Task.isCancelled && state.stream?.wait(continuation) == true
                }
                if !waits {
                    continuation.resume()
                }
            }
        } onCancel: {
            state.withLock { $0.stream?.takeWriter() }?.resume()
        }
    }

    /// Lets the client see the end of the stream once it has read everything.
    func finishStream() {
        state.withLock { state in
            state.stream?.finish()
            state.resume()
        }
    }
}
