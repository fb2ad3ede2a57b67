/// Why a stream takes no more bytes.
public enum HTTPStreamEnded: Error, Sendable, Equatable, CustomStringConvertible {
    /// The client closed the connection or it broke.
    case clientLeft
    /// The client did not read fast enough and was cut.
    case clientTooSlow
    /// The server is stopping.
    case serverStopping
    /// The writing task was cancelled.
    case cancelled

    /// A sentence that says what happened.
    public var description: String {
        switch self {
        case .clientLeft: "the client of this stream left"
        case .clientTooSlow: "the client of this stream read too slowly and was cut"
        case .serverStopping: "the server of this stream is stopping"
        case .cancelled: "the writer of this stream was cancelled"
        }
    }
}
