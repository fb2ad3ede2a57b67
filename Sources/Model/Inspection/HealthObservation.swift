/// What a health inspection saw of one cluster: every member's ladder of probes, at about one moment.
public struct HealthObservation: Sendable, Equatable {
    /// When the probing ended.
    public var takenAt: Timestamp
    /// The members, each probed directly.
    public var members: [MemberHealth]
    /// Why the list of members may be incomplete, if it may be.
    public var membershipProblem: EvidenceFailure?
    /// The size at which etcd stops taking writes, if it is known.
    public var quota: ByteCount?
    /// etcd's identity of the cluster that the record stands for; nil while it is not known.
    public var expectedClusterID: UInt64?
    /// The endpoints that lead to another cluster and are not looked at; all endpoints that answered, where nothing
    /// tells which of several clusters the record stands for.
    public var strangers: [ForeignEndpoint]
    /// The member IDs under which the migrations that have a record freeze; nil where they were not looked up.
    public var knownFreezes: Set<UInt64>?

    /// Creates an observation.
    public init(
        takenAt: Timestamp, members: [MemberHealth], membershipProblem: EvidenceFailure? = nil,
        quota: ByteCount? = nil, expectedClusterID: UInt64? = nil, strangers: [ForeignEndpoint] = []
    ) {
        self.takenAt = takenAt
        self.members = members
        self.membershipProblem = membershipProblem
        self.quota = quota
        self.expectedClusterID = expectedClusterID
        self.strangers = strangers
    }

    /// The cluster that the members are judged as; nil where they belong to several and no record says which it is.
    ///
    /// It is the one the record stands for if any member belongs to it, or may, because it does not answer. Another
    /// one is taken for it only if every voting member belongs to that one.
    public var clusterID: UInt64? {
        let found = clusterIDs
        if let expectedClusterID, found.contains(expectedClusterID) { return expectedClusterID }
        let allAnswer = members.allSatisfy { $0.isLearner || $0.status.answer != nil }
        if let only = found.first, found.count == 1, expectedClusterID == nil || allAnswer { return only }
        return expectedClusterID
    }

    /// The member IDs of the freezes that the members tell of; those of another cluster's members are left out.
    public var freezes: Set<UInt64> {
        let alarms = members.filter { !isForeign($0) }.compactMap { $0.status.answer?.answer.alarms }.joined()
        return Set(alarms.filter(\.isFreeze).map(\.memberID))
    }

    /// The clusters that the members say they belong to.
    public var clusterIDs: Set<UInt64> { Set(members.compactMap { $0.status.answer?.answer.clusterID }) }

    /// Whether a member says that it belongs to another cluster than the one judged: what it serves is not this
    /// cluster's data, and proves no quorum of it.
    public func isForeign(_ member: MemberHealth) -> Bool {
        guard let clusterID, let own = member.status.answer?.answer.clusterID else { return false }
        return own != clusterID
    }
}

/// An endpoint that leads to another cluster than its record stands for.
public struct ForeignEndpoint: Sendable, Equatable {
    /// The URL.
    public var endpoint: String
    /// The cluster that answers there.
    public var clusterID: UInt64

    /// Creates an endpoint.
    public init(endpoint: String, clusterID: UInt64) {
        self.endpoint = endpoint
        self.clusterID = clusterID
    }
}

/// One member's ladder: each rung is climbed only if the one below held.
public struct MemberHealth: Sendable, Equatable {
    /// The name, or the address where the name is not known.
    public var name: String
    /// etcd's identity of the member.
    public var id: UInt64?
    /// The URL dialled.
    public var endpoint: String
    /// Whether it does not vote yet.
    public var isLearner: Bool
    /// Rung 1: a TCP connection.
    public var connection: Evidence<Duration>
    /// Rung 2: the member's own account of itself, from its memory.
    public var status: Evidence<Timed<StatusSample>>
    /// Rung 3: a read from the member's own store, without consulting others.
    public var serializableRead: Evidence<Duration>
    /// Rung 4: a read that a quorum confirms (raft ReadIndex, no proposal).
    public var linearizableRead: Evidence<Duration>

    /// Creates a ladder of which no rung was tried.
    public init(name: String, id: UInt64?, endpoint: String, isLearner: Bool) {
        self.name = name
        self.id = id
        self.endpoint = endpoint
        self.isLearner = isLearner
        connection = .notAsked
        status = .notAsked
        serializableRead = .notAsked
        linearizableRead = .notAsked
    }
}

/// A member's account of itself (etcd's Maintenance.Status).
public struct StatusSample: Sendable, Equatable {
    /// The cluster it belongs to.
    public var clusterID: UInt64
    /// Its own identity.
    public var memberID: UInt64
    /// Its version.
    public var version: String
    /// The identity of the leader it knows; 0 for none.
    public var leader: UInt64
    /// Its raft term.
    public var raftTerm: UInt64
    /// Its committed raft index.
    public var raftIndex: UInt64
    /// Its applied raft index.
    public var raftAppliedIndex: UInt64
    /// Its revision.
    public var revision: Int64
    /// The size of its database file in bytes.
    public var dbSize: Int64
    /// The part of the file in use, in bytes.
    public var dbSizeInUse: Int64
    /// Whether it does not vote yet.
    public var isLearner: Bool
    /// The alarms it knows to be raised in the cluster.
    public var alarms: [RaisedAlarm]
    /// What else it complains of, but for a missing leader.
    public var errors: [String]

    /// Creates a sample.
    public init(
        clusterID: UInt64, memberID: UInt64, version: String, leader: UInt64, raftTerm: UInt64, raftIndex: UInt64,
        raftAppliedIndex: UInt64, revision: Int64, dbSize: Int64, dbSizeInUse: Int64, isLearner: Bool,
        alarms: [RaisedAlarm] = [], errors: [String] = []
    ) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.version = version
        self.leader = leader
        self.raftTerm = raftTerm
        self.raftIndex = raftIndex
        self.raftAppliedIndex = raftAppliedIndex
        self.revision = revision
        self.dbSize = dbSize
        self.dbSizeInUse = dbSizeInUse
        self.isLearner = isLearner
        self.alarms = alarms
        self.errors = errors
    }
}

/// An alarm raised in a cluster.
public struct RaisedAlarm: Sendable, Equatable {
    /// The member ID under which every migration froze its source before each had its own: the letters `lodest` and two
    /// bytes.
    public static let commonFreezeTag: UInt64 = 0x6c6f_6465_7374_0001

    /// The member ID of the alarm by which a migration freezes its source, which no member has: the letters `lode` and
    /// four bytes made of its uid.
    ///
    /// So a freeze is known for that of one migration, whoever finds it, and none lifts another's.
    ///
    /// - Parameter uid: the uid of the EtcdMigration.
    /// - Returns: the member ID.
    public static func freezeTag(of uid: String) -> UInt64 {
        // FNV-1a with 64 bits, folded: it must be the same in every process.
        let hash = uid.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return 0x6c6f_6465 << 32 | UInt64(UInt32(truncatingIfNeeded: hash ^ hash >> 32))
    }

    /// Whether it is the freeze of a migration, whichever, and not the alarm of a member.
    public var isFreeze: Bool { kind == .corrupt && memberID >> 32 == 0x6c6f_6465 }

    /// The kinds of alarms.
    public enum Kind: String, Sendable {
        /// A database reached its quota; the cluster takes no writes.
        case noSpace = "NOSPACE"
        /// A member's data was found corrupt; the cluster takes no writes.
        case corrupt = "CORRUPT"
    }

    /// The kind.
    public let kind: Kind
    /// The member it was raised for.
    public let memberID: UInt64

    /// Creates an alarm.
    public init(kind: Kind, memberID: UInt64) {
        self.kind = kind
        self.memberID = memberID
    }
}
