/// Whether a failed request reached the server, as far as the client can know.
public enum Sent: Sendable, Hashable {
    /// No byte of the request left: it certainly had no effect.
    case no
    /// The server answered.
    case yes
    /// The request, or a part of it, left, and no complete answer came: it may or may not have had its effect.
    case unknown
}
