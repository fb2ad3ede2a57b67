/// What becomes of a stream when its producer returns.
public enum HTTPStreamTurn: Sendable {
    /// Everything is written: the client sees the end.
    case finished
    /// The stream stays open without a task; whoever holds the writer goes on with it, or has the producer called again
    /// by ``HTTPStreamWriter/proceed()``.
    case idle
}

/// A response body that goes on: `produce` writes until it returns, the client leaves or the server stops.
public struct HTTPServerStream: Sendable {
    /// How many bytes may wait for a slow client before the writer waits too, or the client is cut.
    public var queueLimit: Int
    /// What is sent when nothing else was for a while, so that both sides notice a dead peer; empty for nothing.
    public var heartbeat: [UInt8]
    /// Writes the stream; its task is cancelled when the client leaves or the server stops.
    public var produce: @Sendable (HTTPStreamWriter) async -> HTTPStreamTurn
    /// Called once when the stream is over and its producer has returned, if it was ever called.
    public var closed: @Sendable () -> Void

    /// Makes a stream.
    ///
    /// - Parameters:
    ///   - queueLimit: How many bytes may wait for a slow client.
    ///   - heartbeat: What is sent in quiet times.
    ///   - closed: Called once when it is over.
    ///   - produce: Writes the stream.
    public init(
        queueLimit: Int = 256 * 1024, heartbeat: [UInt8] = [], closed: @escaping @Sendable () -> Void = {},
        produce: @escaping @Sendable (HTTPStreamWriter) async -> HTTPStreamTurn
    ) {
        self.queueLimit = queueLimit
        self.heartbeat = heartbeat
        self.closed = closed
        self.produce = produce
    }
}
