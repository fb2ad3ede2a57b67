/// What a consistency inspection saw: everything is kept per member so that the judgement can be made, and repeated,
/// from the values alone.
public struct ConsistencyObservation: Sendable, Equatable {
    /// When the observation ended.
    public var takenAt: Timestamp
    /// The members compared, voters and learners.
    public var members: [ConsistencyMember]
    /// Why the list of members may be incomplete, if it may be.
    public var membershipProblem: EvidenceFailure?
    /// The comparisons of linearizable revisions; a second one confirms what the first found.
    public var brackets: [RevisionBracket]
    /// The comparisons of key counts and hashes, each at one revision; a second one confirms what the first found.
    public var rounds: [ComparisonRound]
    /// When the newest of the rounds was made; older than `takenAt` where a round every time would cost too much.
    public var comparedAt: Timestamp?

    /// Creates an observation.
    public init(
        takenAt: Timestamp, members: [ConsistencyMember], membershipProblem: EvidenceFailure? = nil,
        brackets: [RevisionBracket] = [], rounds: [ComparisonRound] = [], comparedAt: Timestamp? = nil
    ) {
        self.takenAt = takenAt
        self.members = members
        self.membershipProblem = membershipProblem
        self.brackets = brackets
        self.rounds = rounds
        self.comparedAt = comparedAt
    }
}

/// What one member said of itself in a consistency inspection.
public struct ConsistencyMember: Sendable, Equatable {
    /// The name, or the address where the name is not known.
    public var name: String
    /// The URL dialled.
    public var endpoint: String
    /// Whether it does not vote yet.
    public var isLearner: Bool
    /// Its account of itself, taken twice, about a second apart: Status fields are not read at one instant.
    public var samples: [Evidence<StatusSample>]
    /// The identities in its own list of members, not confirmed by others.
    public var memberIDs: Evidence<[UInt64]>

    /// Creates a member of which nothing was asked.
    public init(name: String, endpoint: String, isLearner: Bool) {
        self.name = name
        self.endpoint = endpoint
        self.isLearner = isLearner
        samples = []
        memberIDs = .notAsked
    }
}

/// One comparison of linearizable revisions: a healthy member's lies between the two read before and after it.
public struct RevisionBracket: Sendable, Equatable {
    /// The linearizable revision before the members were asked, read at the leader where there is one.
    public var before: Evidence<Int64>
    /// The revisions of the members' linearizable reads, by the member's place in the observation.
    public var members: [Evidence<Int64>]
    /// The linearizable revision after, read at the same member as the one before.
    public var after: Evidence<Int64>

    /// Creates a bracket.
    public init(before: Evidence<Int64>, members: [Evidence<Int64>], after: Evidence<Int64>) {
        self.before = before
        self.members = members
        self.after = after
    }
}

/// One comparison of key counts and hashes at one revision, asked of one member after the other.
public struct ComparisonRound: Sendable, Equatable {
    /// The revision every member was asked at.
    public var revision: Int64
    /// The numbers of live keys, by the member's place in the observation.
    public var keys: [Evidence<Int64>]
    /// The hashes, by the member's place in the observation.
    public var hashes: [Evidence<HashAnswer>]

    /// Creates a round.
    public init(revision: Int64, keys: [Evidence<Int64>], hashes: [Evidence<HashAnswer>]) {
        self.revision = revision
        self.keys = keys
        self.hashes = hashes
    }
}

/// A member's HashKV.
public struct HashAnswer: Sendable, Equatable {
    /// The hash.
    public var hash: UInt32
    /// The compact revision it was computed above; hashes with different ones are not comparable.
    public var compactRevision: Int64

    /// Creates an answer.
    public init(hash: UInt32, compactRevision: Int64) {
        self.hash = hash
        self.compactRevision = compactRevision
    }
}
