public import Etcd
public import Model
public import Transport

/// How to find and reach the members of one cluster.
public struct ClusterTarget: Sendable, Equatable {
    /// A member that is known beforehand, because Lodestone runs it.
    public struct KnownMember: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The client URL.
        public var endpoint: String

        /// Creates a known member.
        public init(name: String, endpoint: String) {
            self.name = name
            self.endpoint = endpoint
        }
    }

    /// Client URLs to find the members by.
    public var endpoints: [String]
    /// Advertised client URLs and the URLs to dial instead.
    public var endpointMap: [String: String]
    /// How to trust the members and prove ourselves to them; nil for plain connections.
    public var tls: TLSOptions?
    /// The user to act as.
    public var credentials: EtcdCredentials?
    /// The members known beforehand; they are probed even if no member list names them.
    public var knownMembers: [KnownMember]
    /// The size at which etcd stops taking writes, if it is known.
    public var quota: ByteCount?
    /// etcd's identity of the cluster that the record stands for; nil while it is not known.
    public var expectedClusterID: UInt64?

    /// Creates a target.
    public init(
        endpoints: [String], endpointMap: [String: String] = [:], tls: TLSOptions? = nil,
        credentials: EtcdCredentials? = nil, knownMembers: [KnownMember] = [], quota: ByteCount? = nil
    ) {
        self.endpoints = endpoints
        self.endpointMap = endpointMap
        self.tls = tls
        self.credentials = credentials
        self.knownMembers = knownMembers
        self.quota = quota
    }

    /// The URL to dial for an advertised one.
    func reachable(_ advertised: String) -> String {
        endpointMap[advertised] ?? advertised
    }
}

/// One member as it is dialled.
public struct DialledMember: Sendable {
    /// The name, or the URL where the member has not given one.
    public var name: String
    /// etcd's identity of the member, if a member list named it.
    public var id: UInt64?
    /// Whether it does not vote yet.
    public var isLearner: Bool
    /// The URL dialled.
    public var endpoint: String
    /// The peer URLs, if a member list named them.
    public var peerURLs: [String]
    /// The client to it; nil where the URL is none.
    public var client: EtcdClient?
}
