/// The changes of a range of keys from one revision on, as an asynchronous sequence of batches.
///
/// Every event comes exactly once and in order, whatever happens to the connection, until the watch fails: with
/// `compacted` if history is gone that it has not delivered, with `permissionDenied`, or with `cancelled` when its
/// stream or the reading task ends. It has one reader. A reader that is slow stops its own watch and no other. Letting
/// the object go ends the watch.
public final class Watch: AsyncSequence, Sendable {
    /// What is read.
    public typealias Element = WatchBatch
    /// How reading fails.
    public typealias Failure = EtcdError

    private let key: Int
    private let stream: WatchStream
    let buffer: WatchBuffer

    init(_ key: Int, _ stream: WatchStream, _ buffer: WatchBuffer) {
        self.key = key
        self.stream = stream
        self.buffer = buffer
    }

    deinit { cancel() }

    /// Whether the member has confirmed the watch on the connection that stands now, so that it keeps what happens from
    /// here on.
    package var isEstablished: Bool { stream.isEstablished(key) }

    /// Ends the watch.
    public func cancel() {
        stream.remove(key)
    }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator { Iterator(watch: self) }

    /// Reads a watch.
    public struct Iterator: AsyncIteratorProtocol {
        let watch: Watch

        /// Waits for the next batch; never nil, since a watch ends by failing.
        public func next() async throws(EtcdError) -> WatchBatch? { try await watch.next() }

        /// Waits for the next batch; never nil, since a watch ends by failing.
        public func next(isolation actor: isolated (any Actor)?) async throws(EtcdError) -> WatchBatch? {
            try await watch.next()
        }
    }

    /// Waits for the next batch.
    public func next() async throws(EtcdError) -> WatchBatch {
        let (batch, madeRoom) = try await buffer.next(endpoint: stream.endpointName)
        if madeRoom { stream.hasRoom(key) }
        return batch
    }

    /// The next batch if it is here already, nil if it would have to be waited for; for who reads several at a time.
    public func nextIfHere() -> WatchBatch? {
        guard let (batch, madeRoom) = buffer.nextIfHere() else { return nil }
        if madeRoom { stream.hasRoom(key) }
        return batch
    }
}
