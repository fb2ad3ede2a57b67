/// Who decides on the change over.
public enum MigrationCutoverMode: String, Choice {
    /// A person approves it.
    case manual = "Manual"
    /// It happens as soon as the destination has caught up and was proven.
    case automatic = "Automatic"
    /// The destination follows as a standby.
    case never = "Never"
}

/// What stops writers at the source while the last changes are brought over.
public enum MigrationFreeze: String, Choice {
    /// An alarm of kind CORRUPT under our own tag, under which etcd refuses every change of keys and leases.
    case alarm = "Alarm"
    /// Nothing: the operator has stopped all writers, and the cut-over waits until the source rests.
    case none = "None"
}

/// What becomes of the source after the change over.
public enum MigrationSourceAfter: String, Choice {
    /// It goes on refusing writes, so that clients that were forgotten cannot write where nobody reads.
    case frozen = "Frozen"
    /// It takes writes again.
    case released = "Released"
    /// It takes writes again, and the keys that moved are removed from it.
    case removed = "Removed"
}

/// When and how clients change over.
public struct MigrationCutover: Structure {
    /// Who decides.
    public var mode = MigrationCutoverMode.manual
    /// Whether a person has approved it.
    public var approved = false
    /// How many revisions the destination may be behind when it begins.
    public var maxLag: Int64 = 1000
    /// How long the source may take no writes; longer, and everything is put back.
    ///
    /// 30 s if not given, and 30 min with method Snapshot, which copies everything meanwhile.
    public var maxPause: Duration?
    /// What stops writers at the source; `Alarm` if not given, and `None` for v2 keys.
    public var freeze: MigrationFreeze?
    /// What becomes of the source.
    public var source = MigrationSourceAfter.frozen

    /// How long a cut-over may take where nothing else is said.
    public static let usualPause = Duration.seconds(30)

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<MigrationCutover>] = [
        Field("mode", \.mode, "Who decides: Manual, Automatic, or Never for a standby."),
        Field("approved", \.approved, "Whether a person has approved it; lodestone migrate approve sets it."),
        Field(
            "maxLag", \.maxLag, "How many revisions the destination may be behind when it begins.",
            .range(0...1_000_000)),
        Field(
            "maxPause", \.maxPause,
            "How long the source may take no writes; longer, and everything is put back. 30s, with Snapshot 30m.",
            .between(.milliseconds(100), .seconds(3600))),
        Field(
            "freeze", \.freeze,
            "What stops writers at the source: Alarm, under which etcd refuses changes; None where you have stopped them "
                + "yourself, as must be done where requests need a user."),
        Field(
            "source", \.source,
            "What becomes of the source: Frozen, so that a forgotten client cannot write where nobody reads; Released; or "
                + "Removed, where a part was moved, which is removed from it in batches."
        ),
    ]
}

/// How both ends are proven to be equal.
public struct MigrationVerification: Structure {
    /// How often a standby is proven.
    public var interval = Duration.seconds(600)
    /// Whether Kubernetes objects are compared too, by identity, generation and content.
    public var kubernetesPrefix: String?
    /// Differences that are accepted, by their code.
    public var accept: [String] = []

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<MigrationVerification>] = [
        Field(
            "interval", \.interval, "How often a standby is proven.", .between(.seconds(10), .seconds(30 * 86400))),
        Field(
            "kubernetesPrefix", \.kubernetesPrefix,
            "Where a Kubernetes API server keeps its objects, as /registry; they are compared by identity, generation and "
                + "content too.", .nonEmpty),
        Field(
            "accept", \.accept,
            "Differences that do not stand in the way of the cut-over, by the code that the proof names, as Leases."),
    ]
}
