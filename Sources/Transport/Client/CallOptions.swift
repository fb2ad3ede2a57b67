/// How one call is made: its deadline, its metadata, and what may be done when it fails.
public struct CallOptions: Sendable {
    /// How long the call may take, waiting for a free connection included.
    ///
    /// Of a stream: how long it may take until the request is on its way. After that only `idleTimeout` counts.
    public var timeout: Duration
    /// Additional request headers; etcd knows `token` and `hasleader`.
    public var metadata: [(name: String, value: String)]
    /// Whether the server may see the request twice without harm.
    ///
    /// Decides what is retried after a request was sent.
    public var isIdempotent: Bool
    /// Which connections the call may use.
    public var lane: Lane
    /// Of a stream: the longest silence of the server before the stream fails; `nil` waits for ever.
    ///
    /// Time during which the reader is too slow, so that nothing is read from the connection, does not count.
    public var idleTimeout: Duration?

    /// Creates options.
    public init(
        timeout: Duration = .seconds(5), metadata: [(name: String, value: String)] = [], isIdempotent: Bool = false,
        lane: Lane = .unary, idleTimeout: Duration? = nil
    ) {
        self.timeout = timeout
        self.metadata = metadata
        self.isIdempotent = isIdempotent
        self.lane = lane
        self.idleTimeout = idleTimeout
    }
}

/// The connections a call may use, so that probes never queue behind pages of a megabyte.
public enum Lane: Sendable, Hashable, CaseIterable {
    /// Small calls: at most 8 at a time for one endpoint.
    case unary
    /// Big answers: at most 4 at a time for one endpoint.
    case bulk

    /// The number of calls that run at a time for one endpoint; the others wait.
    var width: Int {
        switch self {
        case .unary: 8
        case .bulk: 4
        }
    }
}
