import Transport

/// The database file of a member, in pieces as they arrive.
///
/// The last 32 bytes of the stream are not of the file but the SHA-256 of what came before. etcd leaves the header of
/// these messages empty, so the revision has to be read from the file itself. A reader that is slow makes the server
/// wait; letting the stream go ends the transfer. It is read once, by one task.
public struct SnapshotStream: AsyncSequence, Sendable {
    /// What is read.
    public typealias Element = SnapshotChunk
    /// How reading fails.
    public typealias Failure = EtcdError

    private let stream: GRPCStream
    private let endpoint: String

    init(_ stream: GRPCStream, endpoint: String) {
        self.stream = stream
        self.endpoint = endpoint
    }

    /// Ends the transfer.
    public func cancel() { stream.cancel() }

    /// Starts reading.
    public func makeAsyncIterator() -> Iterator { Iterator(stream, endpoint) }

    /// Reads a snapshot.
    public struct Iterator: AsyncIteratorProtocol {
        private let stream: GRPCStream
        private let endpoint: String
        private var progress = SnapshotProgress()

        init(_ stream: GRPCStream, _ endpoint: String) {
            self.stream = stream
            self.endpoint = endpoint
        }

        /// Waits for the next piece; nil at the end of a complete snapshot.
        ///
        /// - Throws: `EtcdError`, also when the server ends the stream before the file is complete.
        public mutating func next() async throws(EtcdError) -> SnapshotChunk? {
            while let message = try await receive() {
                let chunk = try decode(message)
                switch progress.take(chunk.byteCount, remaining: chunk.remainingBytes) {
                case .some: return chunk
                case .nothing: continue
                case .stuck:
                    stream.cancel()
                    throw failure("the snapshot makes no progress with \(chunk.remainingBytes) bytes to go")
                }
            }
            guard progress.isComplete else { throw failure("the snapshot ended before its file was complete") }
            return nil
        }

        /// Waits for the next piece; nil at the end of a complete snapshot.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(EtcdError) -> SnapshotChunk? {
            try await next()
        }

        private func receive() async throws(EtcdError) -> GRPCMessage? {
            do {
                return try await stream.next()
            } catch {
                throw EtcdError(error, isIdempotent: true)
            }
        }

        private func decode(_ message: GRPCMessage) throws(EtcdError) -> SnapshotChunk {
            do {
                return try SnapshotChunk(message)
            } catch {
                throw EtcdError(.malformedResponse, error.description, endpoint: endpoint, isIdempotent: true)
            }
        }

        private func failure(_ sentence: String) -> EtcdError {
            EtcdError(.unavailable, sentence, endpoint: endpoint, isIdempotent: true)
        }
    }
}
