import Synchronization

/// What a stream has received and its reader has not yet taken: bounded, so that a slow reader slows the server down.
///
/// The engine's thread puts elements in, tasks take them out. Above `highWater` bytes the queue is full and the engine
/// stops reading from the connection; once the reader has brought it down to a quarter of that, `onRoom` is called.
final class StreamQueue<Element: Sendable, Failure: Error>: Sendable {
    private struct State {
        var elements: [(element: Element, byteCount: Int)] = []
        var head = 0
        var byteCount = 0
        var isHeldUp = false
        var end: Result<Void, Failure>?
        var waiting: [CheckedContinuation<Result<Element?, Failure>, Never>] = []

        mutating func popFirst() -> Element? {
            guard head < elements.count else {
                return nil
            }
            let first = elements[head]
            head += 1
            if head == elements.count {
                elements.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 64, head * 2 >= elements.count {
                elements.removeFirst(head)
                head = 0
            }
            byteCount -= first.byteCount
            return first.element
        }
    }

    private let highWater: Int
    private let state = Mutex(State())

    /// - Parameter highWater: from how many bytes on the queue is full.
    init(highWater: Int = 1 << 20) {
        self.highWater = highWater
    }

    /// Whether nothing may be put in now.
    ///
    /// If so, `next` reports the room there will be.
    func isFull() -> Bool {
        state.withLock { state in
            state.isHeldUp = state.byteCount >= highWater
            return state.isHeldUp
        }
    }

    /// Puts an element in.
    func put(_ element: Element, byteCount: Int) {
        let reader = state.withLock { state -> CheckedContinuation<Result<Element?, Failure>, Never>? in
            guard state.end == nil else {
                return nil
            }
            guard state.waiting.isEmpty else {
                return state.waiting.removeFirst()
            }
            state.elements.append((element, byteCount))
            state.byteCount += byteCount
            return nil
        }
        reader?.resume(returning: .success(element))
    }

    /// Ends the queue: the elements in it can still be taken, then comes the end or the error.
    ///
    /// `discarding` forgets the elements, because nobody wants them.
    func finish(_ end: Result<Void, Failure>, discarding: Bool = false) {
        let readers = state.withLock { state in
            if discarding {
                state.elements = []
                state.head = 0
                state.byteCount = 0
            }
            guard state.end == nil else {
                return [CheckedContinuation<Result<Element?, Failure>, Never>]()
            }
            state.end = end
            defer { state.waiting = [] }
            return state.waiting
        }
        for reader in readers {
            reader.resume(returning: end.map { nil })
        }
    }

    /// Waits for the next element; `nil` at the end.
    ///
    /// `onRoom` is called if the engine waits for room and there is room now.
    func next(onRoom: () -> Void) async -> Result<Element?, Failure> {
        await withCheckedContinuation { (reader: CheckedContinuation<Result<Element?, Failure>, Never>) in
            let (ready, hasRoom) = state.withLock { state -> (Result<Element?, Failure>?, Bool) in
                let ready: Result<Element?, Failure>?
                if let element = state.popFirst() {
                    ready = .success(element)
                } else {
                    ready = state.end?.map { nil }
                }
                if ready == nil {
                    state.waiting.append(reader)
                }
                let hasRoom = state.isHeldUp && state.byteCount <= highWater / 4
                if hasRoom {
                    state.isHeldUp = false
                }
                return (ready, hasRoom)
            }
            if hasRoom {
                onRoom()
            }
            if let ready {
                reader.resume(returning: ready)
            }
        }
    }
}
