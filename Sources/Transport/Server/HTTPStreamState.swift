/// A streamed answer's state: what waits to be sent and how the stream ended.
struct HTTPStreamState {
    private(set) var queue = HTTPStreamQueue()
    private(set) var ending: HTTPStreamEnded?
    private(set) var isFinished = false
    let source: HTTPServerStream
    /// Whether the producer is to be called again as soon as it returns.
    private var isCalledAgain = false
    private var silentChecks = 0
    private var writer: (continuation: CheckedContinuation<Void, Never>, needed: Int)?
    private var refused = 0

    init(_ source: HTTPServerStream, ending: HTTPStreamEnded?) {
        self.source = source
        self.ending = ending
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

    /// Whether more may be written.
    var isOpen: Bool { ending == nil && !isFinished }

    /// Notes that the producer is to be called again.
    mutating func callAgain() {
        isCalledAgain = true
    }

    /// Whether the producer, which has just returned, is to be called again.
    mutating func takeCall() -> Bool {
        defer { isCalledAgain = false }
        return isCalledAgain && isOpen
    }

    /// Counts a look at a silent stream; true if a heartbeat was added.
    mutating func beats(after checks: Int) -> Bool {
        silentChecks += 1
        guard silentChecks >= checks, !source.heartbeat.isEmpty, ending == nil else { return false }
        silentChecks = 0
        queue.append(source.heartbeat)
        return true
    }

    private func hasRoom(for count: Int) -> Bool {
        queue.count == 0 || queue.count + count <= source.queueLimit
    }
}
