/// The connections to one server: how many stand, how many calls use them, and who waits for one.
///
/// `@unchecked Sendable` holds because other threads only pass the reference on and read the constants; the counts and
/// the queues belong to the engine's thread.
final class EndpointPool: @unchecked Sendable {
    /// The protocol spoken, which decides which connections may be shared: libcurl 7.88 would put a request of one kind
    /// onto a connection of the other.
    enum Family: Int, Sendable, Hashable, CaseIterable {
        /// HTTP/2 with gRPC messages.
        case grpc
        /// HTTP/1.1.
        case http
    }

    private struct Queue {
        var running = 0
        var waiting: [Transfer] = []
        var head = 0

        mutating func popFirst() -> Transfer? {
            while head < waiting.count {
                let first = waiting[head]
                head += 1
                if head * 2 > waiting.count {
                    waiting.removeFirst(head)
                    head = 0
                }
                // Those that were cancelled or overdue stay in the queue until they are reached.
                if case .waiting = first.phase {
                    return first
                }
            }
            return nil
        }
    }

    /// The server.
    let endpoint: Endpoint
    /// The protocol.
    let family: Family
    /// Scheme, name and port as requests carry them.
    let requestURL: String
    /// libcurl's rule for dialling another name than the one in the URL.
    let connectTo: String?
    private let farewell: @Sendable (EndpointPool.Key) -> Void

    /// What makes two pools the same.
    struct Key: Hashable, Sendable {
        let endpoint: Endpoint
        let family: Family
    }

    private var connections = 0
    private var occupiedConnections = 0
    private var queues: [Lane: Queue] = [:]

    /// Creates a pool; `farewell` is called when the last channel and the last call let it go.
    init(_ key: Key, farewell: @escaping @Sendable (Key) -> Void) {
        endpoint = key.endpoint
        family = key.family
        requestURL = key.endpoint.requestURL
        connectTo = key.endpoint.connectTo
        self.farewell = farewell
    }

    deinit { farewell(key) }

    /// The pool's identity.
    var key: Key { Key(endpoint: endpoint, family: family) }

    /// Whether a connection probably stands idle.
    ///
    /// Only a guess: libcurl decides, and a transfer that finds none starts over as one that opens a connection.
    var hasIdleConnection: Bool { connections > occupiedConnections }

    /// Counts the transfer as running, or lines it up; `true` if it may start now.
    func admit(_ transfer: Transfer) -> Bool {
        if transfer.request.kind != .call {
            return true
        }
        let lane = transfer.request.lane
        guard queues[lane, default: Queue()].running < lane.width else {
            transfer.phase = .waiting
            queues[lane, default: Queue()].waiting.append(transfer)
            return false
        }
        queues[lane, default: Queue()].running += 1
        return true
    }

    /// Frees the place of a transfer that had been admitted; returns the one whose turn it is, already admitted.
    func release(_ transfer: Transfer) -> Transfer? {
        if transfer.request.kind != .call {
            return nil
        }
        let lane = transfer.request.lane
        guard let next = queues[lane, default: Queue()].popFirst() else {
            queues[lane, default: Queue()].running -= 1
            return nil
        }
        return next
    }

    /// A connection to this server stands.
    func opened() { connections += 1 }

    /// A connection that stood is closed.
    func closed() { connections -= 1 }

    /// An attempt uses a connection.
    func occupied() { occupiedConnections += 1 }

    /// An attempt lets its connection go.
    func vacated() { occupiedConnections -= 1 }
}
