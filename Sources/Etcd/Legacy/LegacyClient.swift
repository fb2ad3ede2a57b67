import Model
import Synchronization
public import Transport

/// A client of etcd's v2 store, which members of etcd 3.4 serve when they run with `--enable-v2`.
///
/// Any member may answer: the one that answered last is asked first, and the next one when it cannot. It only reads.
/// The store has its own users, apart from those of the v3 API; credentials are sent as HTTP Basic.
///
/// A value: copies share their connections and what they know of the members.
public struct LegacyClient: Sendable {
    private final class Preference: Sendable {
        let index = Atomic<Int>(0)
    }

    /// The members, in the order given.
    public let endpoints: [Endpoint]
    /// How long a request may take.
    public let timeout: Duration
    /// The largest listing of one directory that is accepted, in bytes; etcd gives a directory only as a whole.
    public let maximumListingByteCount: Int
    /// The clock of the members, as their answers show it.
    public let clock = LegacyClock()

    private let clients: [HTTPClient]
    private let authorization: [(name: String, value: String)]
    private let preference = Preference()

    /// Makes a client; nothing is sent yet.
    public init(
        engine: HTTPEngine, _ first: Endpoint, _ others: [Endpoint] = [], credentials: EtcdCredentials? = nil,
        timeout: Duration = .seconds(8), maximumListingByteCount: Int = 1 << 30
    ) {
        endpoints = [first] + others
        self.timeout = timeout
        self.maximumListingByteCount = maximumListingByteCount
        clients = endpoints.map { HTTPClient(engine: engine, endpoint: $0) }
        authorization =
            credentials.map { credentials in
                let text = Base64.encode([UInt8]("\(credentials.user):\(credentials.password)".utf8))
                return [("Authorization", "Basic \(text)")]
            } ?? []
    }

    /// The URL of the member that is asked first.
    public var preferred: String { clients[current].endpoint.url }

    /// Reads a node, and of a directory its children, without what lies in those.
    ///
    /// - Parameters:
    ///   - path: the node. A hidden one must be asked for by its name.
    ///   - isQuorum: whether the member first makes sure that it has seen every change (a proposal in the raft log,
    ///     so not for reading a whole tree). Without, it may be behind: `LegacyAnswer.index` tells how far it is.
    ///   - isRecursive: whether everything below is read as well, in one answer, which costs the member several times
    ///     its size in memory.
    /// - Returns: the node, and how far the member was when it read it.
    /// - Throws: `LegacyError`, with `keyNotFound` if it is not there.
    public func get(
        _ path: LegacyPath, isQuorum: Bool = false, isRecursive: Bool = false
    ) async throws(LegacyError) -> LegacyAnswer {
        let query = [isQuorum ? "quorum=true" : nil, isRecursive ? "recursive=true" : nil].compactMap { $0 }
        let target = path.escaped + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        return try await perform { (client) throws(LegacyError) in
            let response = try await send(target, to: client, timeout: timeout)
            guard let head = LegacyHead(response.head) else { throw malformed("an answer has no X-Etcd-Index", client) }
            let document = try json(response.body, client)
            guard let node = document["node"].flatMap(LegacyNode.init) else {
                throw malformed("an answer has no node", client)
            }
            return LegacyAnswer(index: head.index, clusterID: head.clusterID, node: node)
        }
    }

    /// How many changes the store has seen, and in which cluster.
    ///
    /// - Throws: `LegacyError`, with `disabled` where there is no v2 store.
    public func index(isQuorum: Bool = false) async throws(LegacyError) -> (index: UInt64, clusterID: UInt64) {
        // A node that nobody has: the answer is the smallest there is, and its head says it all.
        let target = "/v2/keys/_lodestone-asks-for-the-index" + (isQuorum ? "?quorum=true" : "")
        return try await perform { (client) throws(LegacyError) in
            let response = try await answer(target, of: client, timeout: timeout)
            guard let head = LegacyHead(response.head), response.status == 200 || response.status == 404 else {
                throw LegacyError(status: response.status, body: response.body, endpoint: client.endpoint.url)
            }
            return (head.index, head.clusterID)
        }
    }

    /// Closes idle connections.
    public func close() {
        for client in clients { client.close() }
    }

    private var current: Int { preference.index.load(ordering: .relaxed) % clients.count }

    /// Has another member asked first from now on.
    package func turnAway(from url: String) {
        let index = current
        guard clients[index].endpoint.url == url else { return }
        _ = preference.index.compareExchange(
            expected: index, desired: (index + 1) % clients.count, ordering: .relaxed)
    }

    /// Makes a request of one member after the other until one answers.
    func perform<Result: Sendable>(
        _ call: (HTTPClient) async throws(LegacyError) -> Result
    ) async throws(LegacyError) -> Result {
        var attempt = 0
        while true {
            let client = clients[current]
            do {
                return try await call(client)
            } catch {
                attempt += 1
                guard error.isTransient else { throw error }
                turnAway(from: client.endpoint.url)
                guard attempt < clients.count else { throw error }
            }
        }
    }

    /// The head of a request for a stream.
    func request(_ target: String, timeout: Duration) -> HTTPClientRequest {
        HTTPClientRequest(
            path: target, headers: authorization, timeout: timeout,
            maximumAnswerByteCount: maximumListingByteCount)
    }

    /// Sends a request whose answer must be a success.
    func send(
        _ target: String, to client: HTTPClient, timeout: Duration
    ) async throws(LegacyError) -> HTTPClientResponse {
        let response = try await answer(target, of: client, timeout: timeout)
        guard response.status == 200 else {
            throw LegacyError(status: response.status, body: response.body, endpoint: client.endpoint.url)
        }
        return response
    }

    /// Sends a request and takes any answer, as well as what it tells of the server's clock.
    private func answer(
        _ target: String, of client: HTTPClient, timeout: Duration
    ) async throws(LegacyError) -> HTTPClientResponse {
        let sent = Timestamp.now
        do {
            let response = try await client.send(request(target, timeout: timeout))
            if let date = response.header("Date").flatMap(LegacyClock.moment(httpDate:)) {
                clock.observe(date, sent: sent, received: Timestamp.now)
            }
            return response
        } catch {
            throw LegacyError(error)
        }
    }

    func json(_ bytes: [UInt8], _ client: HTTPClient) throws(LegacyError) -> Value {
        do {
            return try Value(json: bytes)
        } catch {
            throw malformed("an answer is not JSON: \(error)", client)
        }
    }

    func malformed(_ sentence: String, _ client: HTTPClient) -> LegacyError {
        LegacyError(.malformedResponse, sentence, endpoint: client.endpoint.url)
    }
}
