/// A request the server refused without asking its handler.
public struct HTTPRefusedRequest: Sendable {
    /// The method as sent; empty where the server did not get to know it.
    public let method: String
    /// The path as sent, without the query; empty where the server did not get to know it.
    public let rawPath: String
    /// What the client says it is; empty where the server did not get to know it.
    public let agent: String
    /// Who is at the other end; without his certificate where the head of the request never came.
    public let client: HTTPServerClient
    /// The status code of the answer.
    public let status: Int
    /// Why it was refused.
    public let reason: String

    /// Describes a refused request, as tests of who is told may.
    public init(
        method: String, rawPath: String, agent: String = "", client: HTTPServerClient, status: Int, reason: String
    ) {
        self.method = method
        self.rawPath = rawPath
        self.agent = agent
        self.client = client
        self.status = status
        self.reason = reason
    }

    /// Describes a request of which the head is known.
    init(_ head: HTTPRequestHead, status: Int, reason: String) {
        method = head.method
        rawPath = head.rawPath
        agent = head.headers.first { $0.isNamed("user-agent") }?.value ?? ""
        client = head.client
        self.status = status
        self.reason = reason
    }

    /// Describes a request whose head never came whole: of it, at most the first line's path is known.
    init(path: String, from connection: HTTPConnection, status: Int) {
        method = ""
        rawPath = path
        agent = ""
        client = HTTPServerClient(address: connection.address, network: connection.network)
        self.status = status
        reason = "the head of the request is too large or malformed"
    }
}
