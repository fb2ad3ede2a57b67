import Synchronization

/// Things on their way from one task that makes them to those that use them, a few at a time.
final class Handover<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var end: Result<Void, any Error>?
        var readers: [CheckedContinuation<Void, Never>] = []
        var writer: CheckedContinuation<Void, Never>?
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// Makes one in which at most `capacity` wait.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// The next one, nil after the last.
    ///
    /// - Throws: what making them failed with.
    func next() async throws -> Element? {
        while true {
            let (element, writer, end) = state.withLock { state in
                guard !state.elements.isEmpty else {
                    return (nil as Element?, nil as CheckedContinuation<Void, Never>?, state.end)
                }
                defer { state.writer = nil }
                return (state.elements.removeFirst(), state.writer, nil)
            }
            writer?.resume()
            if let element { return element }
            if let end {
                try end.get()
                return nil
            }
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if !state.elements.isEmpty || state.end != nil { return true }
                    state.readers.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
    }

    /// Hands one over, after waiting for room; only one task does.
    ///
    /// - Throws: what it was ended with, if it was.
    func send(_ element: Element) async throws {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                if state.elements.count < capacity || state.end != nil { return true }
                state.writer = continuation
                return false
            }
            if hasRoom { continuation.resume() }
        }
        let (end, reader) = state.withLock { state in
            if let end = state.end {
                return (end as Result<Void, any Error>?, nil as CheckedContinuation<Void, Never>?)
            }
            state.elements.append(element)
            return (nil, state.readers.popLast())
        }
        reader?.resume()
        if let end {
            try end.get()
            throw CancellationError()
        }
    }

    /// Says that no more come, or that nobody wants more; the first to say so decides which.
    func end(_ result: Result<Void, any Error>) {
        let waiting = state.withLock { state in
            if state.end == nil { state.end = result }
            if case .failure = result { state.elements = [] }
            defer { (state.readers, state.writer) = ([], nil) }
            return state.readers + (state.writer.map { [$0] } ?? [])
        }
        for continuation in waiting { continuation.resume() }
    }
}
