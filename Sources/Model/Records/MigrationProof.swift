/// What a comparison of both ends said.
public enum MigrationVerdict: String, Choice {
    /// They are equal.
    case equal = "Equal"
    /// They differ.
    case different = "Different"
    /// They could not be compared.
    case unknown = "Unknown"
}

/// One comparison of both ends of a migration.
public struct MigrationProof: Structure {
    /// What it said.
    public var verdict = MigrationVerdict.unknown
    /// The same in a sentence.
    public var message = ""
    /// When it ended.
    public var time: Timestamp?
    /// How long it took.
    public var duration: Duration?
    /// The source's revision that was compared.
    public var revision: Int64?
    /// The number of keys compared.
    public var keys: Int64?
    /// The number of leases compared.
    public var leases: Int64?
    /// etcd's HashKV of both ends, where it was compared.
    public var hashKV: Int64?
    /// How many members were asked.
    public var members: Int64?
    /// How many differences there are.
    public var differenceCount: Int64 = 0
    /// The first of them.
    public var differences: [MigrationDifference] = []

    /// Creates an empty proof.
    public init() {}

    /// The fields.
    public static let fields: [Field<MigrationProof>] = [
        Field("verdict", \.verdict, "What it said: Equal, Different or Unknown."),
        Field("message", \.message, "The same in a sentence."),
        Field("time", \.time, "When it ended."),
        Field("duration", \.duration, "How long it took."),
        Field("revision", \.revision, "The source's revision that was compared."),
        Field("keys", \.keys, "The number of keys compared."),
        Field("leases", \.leases, "The number of leases compared."),
        Field("hashKV", \.hashKV, "etcd's HashKV of both ends, where it was compared."),
        Field("members", \.members, "How many members were asked."),
        Field("differenceCount", \.differenceCount, "How many differences there are."),
        Field("differences", \.differences, "The first of them."),
    ]
}

/// One thing in which the ends of a migration differ.
public struct MigrationDifference: Structure {
    /// What differs, in one word: HashKV, Keys, Leases, Users, Keyspace, Kubernetes.
    public var code = ""
    /// The key, member or lease.
    public var subject = ""
    /// What is different, in a clause.
    public var message = ""

    /// Creates an empty difference.
    public init() {}

    /// Creates a difference.
    public init(code: String, subject: String, message: String) {
        self.code = code
        self.subject = subject
        self.message = message
    }

    /// The fields.
    public static let fields: [Field<MigrationDifference>] = [
        Field("code", \.code, "What differs, in one word, as spec.verification.accept names it."),
        Field("subject", \.subject, "The key, member or lease."),
        Field("message", \.message, "What is different."),
    ]
}
