import Synchronization

/// What is still to be sent on a stream.
final class StreamOutbox: Sendable {
    private struct State {
        var frames: [RequestBody] = []
        var offset = 0
        var isFinished = false
        var isIdle = false
        var isDiscarded = false
    }

    private let state = Mutex(State())

    /// Adds a frame; `true` if the engine has to be told, because it found nothing to send before.
    func append(_ frame: RequestBody) -> Bool {
        state.withLock { state in
            if !state.isDiscarded && !state.isFinished {
                state.frames.append(frame)
            }
            return wake(&state)
        }
    }

    /// No more frames will come; `true` if the engine has to be told.
    func finish() -> Bool {
        state.withLock { state in
            state.isFinished = true
            return wake(&state)
        }
    }

    /// Forgets everything: nothing can be sent any more.
    func discard() {
        state.withLock { state in
            state.isDiscarded = true
            state.frames = []
        }
    }

    /// Moves bytes into libcurl's buffer.
    func take(into buffer: UnsafeMutableRawBufferPointer) -> BodySupply {
        state.withLock { state in
            var filled = 0
            while let frame = state.frames.first, filled < buffer.count {
                let count = min(frame.byteCount - state.offset, buffer.count - filled)
                let source = UnsafeRawBufferPointer(start: frame.base + state.offset, count: count)
                UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: source)
                filled += count
                state.offset += count
                if state.offset == frame.byteCount {
                    state.frames.removeFirst()
                    state.offset = 0
                }
            }
            if filled > 0 {
                return .bytes(filled)
            }
            if state.isFinished {
                return .end
            }
            state.isIdle = true
            return .later
        }
    }

    private func wake(_ state: inout State) -> Bool {
        defer { state.isIdle = false }
        return state.isIdle
    }
}
