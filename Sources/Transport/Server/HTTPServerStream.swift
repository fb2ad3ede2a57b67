/// A response body that goes on: `produce` writes until it returns, the client leaves or the server stops.
public struct HTTPServerStream: Sendable {
    /// How many bytes may wait for a slow client before the writer waits too, or the client is cut.
    public var queueLimit: Int
    /// What is sent when nothing else was for a while, so that both sides notice a dead peer; empty for nothing.
    public var heartbeat: [UInt8]
    /// Writes the stream; its task is cancelled when the client leaves or the server stops.
    public var produce: @Sendable (HTTPStreamWriter) async -> Void

    /// Makes a stream.
    ///
    /// - Parameters:
    ///   - queueLimit: How many bytes may wait for a slow client.
    ///   - heartbeat: What is sent in quiet times.
    ///   - produce: Writes the stream.
    public init(
        queueLimit: Int = 256 * 1024, heartbeat: [UInt8] = [],
        produce: @escaping @Sendable (HTTPStreamWriter) async -> Void
    ) {
        self.queueLimit = queueLimit
        self.heartbeat = heartbeat
        self.produce = produce
    }
}
