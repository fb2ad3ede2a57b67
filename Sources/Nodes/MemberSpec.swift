/// Everything that decides how one etcd member is started.
public struct MemberSpec: Sendable, Equatable {
    /// Whether the member founds its cluster or joins one; a phase of the cluster, not a trait of the member.
    public enum InitialState: String, Sendable {
        /// All members of `initialCluster` start together as a new cluster.
        case new
        /// The member was added to a running cluster before it starts.
        case existing
    }

    /// A member as `--initial-cluster` lists it.
    public struct Peer: Sendable, Hashable {
        /// The member's name.
        public var name: String
        /// The URL that other members dial.
        public var url: String

        /// Names a peer.
        public init(name: String, url: String) {
            self.name = name
            self.url = url
        }
    }

    /// Who the member is; gives `--name` and `--initial-cluster-token`.
    public var identity: MemberIdentity
    /// The etcd program.
    public var binary: String
    /// The member's home; gives `--data-dir` and the log file.
    public var directory: MemberDirectory
    /// The URL that clients dial: listened on and advertised.
    public var clientURL: String
    /// The URL that other members dial: listened on and advertised.
    public var peerURL: String
    /// All members at the moment of this start, this one among them.
    public var initialCluster: [Peer]
    /// Whether this start founds or joins a cluster; etcd ignores it once it has data.
    public var initialState: InitialState
    /// Limit of the database's size in bytes; etcd's own default (2 GiB) when nil.
    public var quotaBytes: Int?
    /// Further flags without their dashes, as `["snapshot-count": "10000"]`; reserved ones are refused.
    public var extraArguments: [String: String]
    /// Whether the control plane knows that the member has run before, so that an empty directory means loss.
    public var mustHoldData: Bool
    /// How many threads of Go's run the member's code at once (`GOMAXPROCS`); as many as processors when nil.
    public var processors: Int?

    /// Describes a member; `arguments()` checks it.
    public init(
        identity: MemberIdentity, binary: String, directory: MemberDirectory, clientURL: String, peerURL: String,
        initialCluster: [Peer], initialState: InitialState = .new, quotaBytes: Int? = nil,
        extraArguments: [String: String] = [:], mustHoldData: Bool = false
    ) {
        self.identity = identity
        self.binary = binary
        self.directory = directory
        self.clientURL = clientURL
        self.peerURL = peerURL
        self.initialCluster = initialCluster
        self.initialState = initialState
        self.quotaBytes = quotaBytes
        self.extraArguments = extraArguments
        self.mustHoldData = mustHoldData
    }
}
