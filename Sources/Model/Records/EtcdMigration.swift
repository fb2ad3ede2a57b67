/// The move of a live etcd's data to another cluster: from where to where, how, and when the clients change over.
public struct EtcdMigration: SpecifiedResource {
    /// What records of the kind are for.
    public static let summary =
        "The move of a live etcd's data to another cluster: from where to where, how, when the clients change "
        + "over, and the proof that both ends are equal."
    /// The kind.
    public static let kind = Kind("EtcdMigration", plural: "etcdmigrations", shortNames: ["em"])
    /// The annotation by which a person says that a frozen source is gone for good and nobody waits for it.
    public static let abandonedSource = "lodestone.dev/abandon-source"
    /// Identity, labels and history.
    public var metadata = ObjectMeta()
    /// What is wanted.
    public var spec = EtcdMigrationSpec()
    /// What is.
    public var status = EtcdMigrationStatus()

    /// Creates an empty record.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdMigration>] = [
        Field("metadata", \.metadata, "Identity, labels and history."),
        Field("spec", \.spec, "From where to where, how, and when to change over.", required: true),
        Field("status", \.status, "How far the migration is, written by the controller."),
    ]

    /// The table.
    public static let columns: [Column<EtcdMigration>] = [
        Column("Source", "The cluster the data comes from.") { record in .string(record.spec.sourceRef.name) },
        Column("Destination", "The cluster the data goes to.") { record in
            .string(record.spec.destinationRef.name)
        },
        Column("Method", "How the data is moved.") { record in .string(record.spec.method.rawValue) },
        Column("Phase", "Where the migration stands.") { record in .string(record.status.phase.rawValue) },
        Column("Lag", "How many revisions the destination is behind.", type: .integer) { record in
            record.status.lagRevisions.map { .integer($0) } ?? .null
        },
        Column("Proof", "What the last comparison of both ends said.") { record in
            record.status.proof.map { .string($0.verdict.rawValue) } ?? .null
        },
        Column("Pause", "How long the source took no writes before the destination did.") { record in
            record.status.pause.map { .string($0.goText) } ?? .null
        },
        .age,
        Column("Applied", "The source's revision that the destination has reached.", type: .integer, wide: true) {
            record, _ in record.status.applied.map { .integer($0) } ?? .null
        },
        Column("Message", "The phase in a sentence.", wide: true) { record in .string(record.status.message) },
    ]

    /// The rules that join several fields.
    public func validate() -> [FieldProblem] {
        var problems: [FieldProblem] = []
        func problem(_ path: FieldPath, _ reason: FieldProblem.Reason, _ message: String) {
            problems.append(FieldProblem(path, reason, message))
        }
        if spec.sourceRef.name == spec.destinationRef.name {
            problem("spec.destinationRef.name", .invalid, "must be another cluster than the source")
        }
        let copies = spec.method == .copy
        if !copies, spec.method != .v2ToV3, !spec.selection.isEmpty {
            problem(
                "spec.selection", .forbidden,
                "only Copy and V2ToV3 move a part; \(spec.method.rawValue) moves everything")
        }
        if spec.method != .v2ToV3, !spec.hiddenPaths.isEmpty {
            problem("spec.hiddenPaths", .forbidden, "only the v2 store has hidden nodes")
        }
        if spec.method == .v2ToV3, spec.conflictPolicy == .keep {
            problem("spec.conflictPolicy", .unsupported, "V2ToV3 knows Refuse and Overwrite")
        }
        if !copies, spec.padRevisions {
            problem(
                "spec.padRevisions", .forbidden, "only method Copy needs it; the others keep the source's revisions")
        }
        if spec.method != .copy, spec.method != .v2ToV3, spec.conflictPolicy != .refuse {
            problem("spec.conflictPolicy", .forbidden, "\(spec.method.rawValue) needs a destination that is new")
        }
        if spec.method == .snapshot, spec.cutover.mode == .never {
            problem("spec.cutover.mode", .invalid, "a migration by Snapshot has no standby; use Exact or Copy")
        }
        if spec.method == .v2ToV3, spec.cutover.freeze == .alarm {
            problem("spec.cutover.freeze", .invalid, "an alarm does not stop writes to etcd's v2 keys; use None")
        }
        if copies, !spec.selection.isEmpty, spec.cutover.source == .frozen {
            problem(
                "spec.cutover.source", .invalid,
                "must be Released or Removed where a part is moved: the rest of the source stays in use")
        }
        if !copies || spec.selection.isEmpty, spec.cutover.source == .removed {
            problem("spec.cutover.source", .invalid, "only a part that was moved is removed; see spec.selection")
        }
        if spec.cutover.source == .removed, spec.conflictPolicy == .keep {
            problem(
                "spec.cutover.source", .invalid,
                "must not be Removed with conflictPolicy Keep: keys that were kept were not compared")
        }
        if spec.method == .snapshot, spec.goal == .failedOver {
            problem("spec.goal", .invalid, "a migration by Snapshot has nothing to fail over to")
        }
        for (index, selection) in spec.selection.enumerated() {
            for (other, earlier) in spec.selection[..<index].enumerated()
            where selection.prefix.hasPrefix(earlier.prefix) || earlier.prefix.hasPrefix(selection.prefix) {
                problem(
                    FieldPath("spec.selection").appending(index).appending("prefix"), .invalid,
                    "overlaps with that of spec.selection[\(other)]")
            }
        }
        return problems
    }

    /// What stops writers, and for how long it may, depends on the method.
    public mutating func applyDefaults() {
        spec.cutover.maxPause =
            spec.cutover.maxPause ?? (spec.method == .snapshot ? .seconds(1800) : MigrationCutover.usualPause)
        spec.cutover.freeze = spec.cutover.freeze ?? (spec.method == .v2ToV3 ? MigrationFreeze.none : .alarm)
    }
}

/// How data is moved.
public enum MigrationMethod: String, Choice {
    /// The destination becomes the same history: revisions, versions and leases are the source's.
    case exact = "Exact"
    /// Keys, values and leases are copied and followed; the destination counts revisions of its own.
    case copy = "Copy"
    /// The source is frozen, restored from a snapshot, and proven.
    case snapshot = "Snapshot"
    /// The v2 keys of an etcd 3.4 are written as v3 keys and followed.
    case v2ToV3 = "V2ToV3"

    /// Whether the destination begins as a restored snapshot of the source, and not as a cluster that serves already.
    public var restoresDestination: Bool { self == .exact || self == .snapshot }
}

/// What becomes of keys that are at the destination already.
public enum MigrationConflictPolicy: String, Choice {
    /// There must be none.
    case refuse = "Refuse"
    /// The source's replace them.
    case overwrite = "Overwrite"
    /// They stay, and the source's of the same name are left out.
    case keep = "Keep"
}

/// What a migration is to come to.
public enum MigrationGoal: String, Choice {
    /// Data and clients are at the destination.
    case migrated = "Migrated"
    /// Everything is as before, and the destination is not used.
    case cancelled = "Cancelled"
    /// After the cut-over: the source takes writes again.
    case rolledBack = "RolledBack"
    /// The destination serves with what it has, whatever the source is doing.
    case failedOver = "FailedOver"
}

/// From where to where, how, and when.
public struct EtcdMigrationSpec: Structure {
    /// The cluster the data comes from.
    public var sourceRef = LocalReference()
    /// The cluster the data goes to.
    public var destinationRef = LocalReference()
    /// How a destination that has no record yet is made.
    public var destination: MigrationDestination?
    /// How the data is moved.
    public var method = MigrationMethod.exact
    /// The keys to move; all if empty.
    public var selection: [MigrationSelection] = []
    /// Nodes of a v2 store whose name begins with `_`, which its listings do not show.
    public var hiddenPaths: [String] = []
    /// What becomes of keys that are there already.
    public var conflictPolicy = MigrationConflictPolicy.refuse
    /// Whether the destination's revision is brought up to the source's.
    public var padRevisions = false
    /// When and how clients change over.
    public var cutover = MigrationCutover()
    /// How both ends are proven to be equal.
    public var verification = MigrationVerification()
    /// For how long after the cut-over going back is taken for meant.
    public var rollbackWindow = Duration.seconds(86400)
    /// What the migration is to come to.
    public var goal = MigrationGoal.migrated
    /// Whether nothing new is begun.
    public var paused = false

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<EtcdMigrationSpec>] = [
        Field("sourceRef", \.sourceRef, "The EtcdCluster the data comes from.", required: true),
        Field("destinationRef", \.destinationRef, "The EtcdCluster the data goes to.", required: true),
        Field(
            "destination", \.destination,
            "How the destination is made where it has no record yet; like the source if not given."),
        Field(
            "method", \.method,
            "How the data is moved: Exact keeps revisions and needs a new Local destination; Copy goes anywhere; Snapshot "
                + "stops writers meanwhile; V2ToV3 reads the v2 keys of etcd 3.4."),
        Field(
            "selection", \.selection,
            "The keys to move, with methods Copy and V2ToV3 (there the directories); all if empty."),
        Field(
            "hiddenPaths", \.hiddenPaths,
            "Nodes of a v2 store whose name begins with _, with all below: its listings do not show them. Those that change "
                + "meanwhile are found by themselves.", .atMost(1000)),
        Field(
            "conflictPolicy", \.conflictPolicy,
            "What becomes of keys that are at the destination already: Refuse, Overwrite or Keep."),
        Field(
            "padRevisions", \.padRevisions,
            "Whether the destination's revision is brought up to the source's, so that clients never see it go back."),
        Field("cutover", \.cutover, "When and how clients change over."),
        Field("verification", \.verification, "How both ends are proven to be equal."),
        Field(
            "rollbackWindow", \.rollbackWindow,
            "For how long after the cut-over goal RolledBack is accepted. Later it is refused until this is made longer, as "
                + "what was written to the destination since would be lost. Nothing happens by itself when it ends.",
            .between(.zero, .seconds(365 * 86400))),
        Field(
            "goal", \.goal,
            "What the migration is to come to: Migrated; Cancelled, with everything put back; RolledBack, after the "
                + "cut-over; FailedOver, where the destination serves with what it has."),
        Field("paused", \.paused, "Whether nothing new is begun; what is followed goes on."),
    ]
}

/// How a destination is made where it has no record yet.
public struct MigrationDestination: Structure {
    /// The etcd version; the source's if not given.
    public var version: String?
    /// The number of members; the source's if not given.
    public var size: Int?
    /// The size at which etcd stops taking writes; the source's if not given.
    public var quota: ByteCount?
    /// The Secret with the user that requests need; the source's if not given.
    public var authSecretRef: LocalReference?

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<MigrationDestination>] = [
        Field("version", \.version, "The etcd version to run; the source's if not given.", .nonEmpty),
        Field("size", \.size, "The number of members; the source's if not given.", .range(1...7)),
        Field(
            "quota", \.quota,
            "The size at which etcd stops taking writes; the source's if not given, or etcd's own, 2 GiB."),
        Field(
            "authSecretRef", \.authSecretRef, "The Secret with the user that requests need; the source's if not given."),
    ]
}

/// Keys below a prefix, and where they go.
public struct MigrationSelection: Structure {
    /// What the keys begin with.
    public var prefix = ""
    /// What stands in place of the prefix at the destination; the same if not given.
    public var rewriteTo: String?

    /// Creates an empty selection.
    public init() {}

    /// The fields.
    public static let fields: [Field<MigrationSelection>] = [
        Field("prefix", \.prefix, "What the keys begin with.", required: true, .nonEmpty),
        Field(
            "rewriteTo", \.rewriteTo, "What stands in place of the prefix at the destination; the same if not given."),
    ]
}
