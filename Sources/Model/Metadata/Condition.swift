/// What a condition speaks of, such as `Ready`.
public struct ConditionType: OpenName {
    /// The name.
    public let rawValue: String
    /// Creates a name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The record is what its spec says and serves its purpose.
    public static let ready: ConditionType = "Ready"
    /// Quorum serves reads and writes.
    public static let available: ConditionType = "Available"
    /// Work towards the spec is under way.
    public static let progressing: ConditionType = "Progressing"
    /// The newest backup is as recent as the spec asks.
    public static let backupReady: ConditionType = "BackupReady"
    /// The backup is in its storage.
    public static let stored: ConditionType = "Stored"
    /// Every change between backups is stored.
    public static let logged: ConditionType = "Logged"
    /// The members agree.
    public static let consistent: ConditionType = "Consistent"
    /// The cluster holds what the backup it was made of holds.
    public static let restored: ConditionType = "Restored"
    /// A drill has shown that the cluster's backups can be restored.
    public static let drilled: ConditionType = "Drilled"
    /// The destination of a migration follows its source.
    public static let synced: ConditionType = "Synced"
    /// Both ends of a migration were compared and are equal.
    public static let proven: ConditionType = "Proven"
    /// The destination of a migration need not be filled anew again and again.
    public static let steady: ConditionType = "Steady"
    /// The source of a migration takes no writes because of us.
    public static let sourceFrozen: ConditionType = "SourceFrozen"
    /// The controller leaves the record alone because its spec says so.
    public static let paused: ConditionType = "Paused"
}

/// Whether a condition holds; not knowing is its own answer.
public enum ConditionStatus: String, Choice {
    /// It holds.
    case `true` = "True"
    /// It does not hold.
    case `false` = "False"
    /// It is not known.
    case unknown = "Unknown"
}

/// One aspect of a record's state, as Kubernetes' `metav1.Condition`.
public struct Condition: Structure {
    /// What it speaks of.
    public var type: ConditionType = ""
    /// Whether it holds.
    public var status = ConditionStatus.unknown
    /// Why, in one word for programs.
    public var reason = ""
    /// Why, in a sentence for people.
    public var message = ""
    /// When `status` last changed.
    public var lastTransitionTime: Timestamp?
    /// The generation of the spec this was judged by.
    public var observedGeneration: Int64?

    /// Creates an empty condition.
    public init() {}

    /// Creates a condition; the time of its last change is found when it is merged into the old ones.
    public init(_ type: ConditionType, _ status: ConditionStatus, reason: String, message: String) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
    }

    /// The fields of a condition.
    public static let fields: [Field<Condition>] = [
        Field("type", \.type, "What the condition speaks of."),
        Field("status", \.status, "Whether it holds: True, False or Unknown."),
        Field("reason", \.reason, "Why, in one word for programs."),
        Field("message", \.message, "Why, in a sentence for people."),
        Field("lastTransitionTime", \.lastTransitionTime, "When the status last changed."),
        Field("observedGeneration", \.observedGeneration, "The generation of the spec this was judged by."),
    ]
}

extension [Condition] {
    /// The condition of a type.
    public subscript(type: ConditionType) -> Condition? {
        first { $0.type == type }
    }

    /// Merges a judgement: `lastTransitionTime` moves only when the status flips, as Kubernetes has it.
    public mutating func set(_ condition: Condition, at now: Timestamp, generation: Int64?) {
        var new = condition
        new.observedGeneration = generation
        new.lastTransitionTime = now.wholeSeconds
        guard let index = firstIndex(where: { $0.type == condition.type }) else {
            append(new)
            return sort { $0.type.rawValue < $1.type.rawValue }
        }
        if self[index].status == new.status {
            new.lastTransitionTime = self[index].lastTransitionTime ?? new.lastTransitionTime
        }
        self[index] = new
    }
}
