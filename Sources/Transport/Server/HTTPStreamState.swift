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
