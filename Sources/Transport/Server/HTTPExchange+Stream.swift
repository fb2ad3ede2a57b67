import Synchronization

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

    /// Runs the producer until it has nothing more to write, or leaves the stream to others.
    func run(_ stream: HTTPServerStream) async {
        var goesOn = true
        while goesOn {
            let turn = await stream.produce(HTTPStreamWriter(exchange: self))
            if case .finished = turn {
                finishStream()
            }
            goesOn = state.withLock { state in
                guard state.stream?.takeCall() == true else {
                    state.isTaskDone = true
                    state.task = nil
                    return false
                }
                return true
            }
        }
        leaveIfDone()
    }

    /// Calls the producer of an idle stream again, and that of a busy one as soon as it returns.
    func callProducer() {
        state.withLock { state in
            guard let stream = state.stream, stream.isOpen else { return }
            guard state.isTaskDone else {
                state.stream?.callAgain()
                return
            }
            state.isTaskDone = false
            state.task = Task { await self.run(stream.source) }
        }
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
