/// Writes a streamed response; handed to ``HTTPServerStream/produce``.
///
/// One task writes at a time. What is written goes out at once, in order, as long as the client reads; beyond the
/// stream's queue limit ``write(_:)`` waits and ``offer(_:)`` cuts the client.
public struct HTTPStreamWriter: Sendable {
    let exchange: HTTPExchange
    private var transform: (@Sendable ([UInt8]) -> [UInt8])?

    init(exchange: HTTPExchange) {
        self.exchange = exchange
    }

    /// A writer to the same stream that changes everything before it goes out.
    public func transforming(_ transform: @escaping @Sendable ([UInt8]) -> [UInt8]) -> HTTPStreamWriter {
        var writer = self
        writer.transform = transform
        return writer
    }

    /// Ends the stream from outside: the client sees its end once it has read what was written, the writing task is
    /// cancelled.
    public func end() {
        exchange.windDown()
    }

    /// Whether the client is still there, as far as is known.
    public var isOpen: Bool { exchange.streamEnd == nil }

    /// Adds bytes to the stream, after waiting until the client has read enough of what went before.
    ///
    /// A client that reads nothing at all is cut after the server's idle timeout.
    ///
    /// - Throws: ``HTTPStreamEnded`` if the stream has ended or the task is cancelled.
    public func write(_ bytes: [UInt8]) async throws(HTTPStreamEnded) {
        let bytes = transform?(bytes) ?? bytes
        while try !exchange.enqueue(bytes, onOverflow: .wait) {
            await exchange.waitForRoom()
            if Task.isCancelled {
                throw exchange.streamEnd ?? .cancelled
            }
        }
    }

    /// Adds bytes to the stream if there is room for them.
    ///
    /// - Returns: whether they were added, all of them; if not, none.
    /// - Throws: ``HTTPStreamEnded`` if the stream has ended.
    public func tryWrite(_ bytes: [UInt8]) throws(HTTPStreamEnded) -> Bool {
        try exchange.enqueue(transform?(bytes) ?? bytes, onOverflow: .wait)
    }

    /// Has the producer called again: at once if the stream is idle, else as soon as it returns.
    public func proceed() {
        exchange.callProducer()
    }

    /// Adds bytes to the stream without waiting; a client whose queue has no room for them is cut.
    ///
    /// - Throws: ``HTTPStreamEnded`` if the stream has ended, ``HTTPStreamEnded/clientTooSlow`` if it ends by this.
    public func offer(_ bytes: [UInt8]) throws(HTTPStreamEnded) {
        _ = try exchange.enqueue(transform?(bytes) ?? bytes, onOverflow: .cut)
    }
}
