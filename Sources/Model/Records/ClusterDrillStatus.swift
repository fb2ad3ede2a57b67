/// What drills have shown of a cluster's backups.
public struct ClusterDrillStatus: Structure {
    /// How many results are kept.
    public static let kept = 10

    /// The drill that is under way.
    public var running: DrillRun?
    /// The last request that was answered.
    public var request = ""
    /// When the next drill by schedule is due.
    public var nextTime: Timestamp?
    /// From when on the last drill that passed is too old to tell anything.
    public var staleTime: Timestamp?
    /// The results, newest first.
    public var history: [DrillResult] = []

    /// Creates an empty status.
    public init() {}

    /// The fields.
    public static let fields: [Field<ClusterDrillStatus>] = [
        Field("running", \.running, "The drill that is under way."),
        Field("request", \.request, "The last request that was answered."),
        Field("nextTime", \.nextTime, "When the next drill by schedule is due."),
        Field("staleTime", \.staleTime, "From when on the last drill that passed is too old to tell anything."),
        Field("history", \.history, "The results, newest first, at most ten."),
    ]

    /// The last drill that told something of a backup.
    public var proof: DrillResult? { history.first { $0.verdict != .unknown } }

    /// The last drill that passed.
    public var lastSuccess: DrillResult? { history.first { $0.verdict == .passed } }

    /// Puts a result in front and lets the oldest go, but never the last that told something, nor the last that passed.
    public mutating func record(_ result: DrillResult) {
        history.insert(result, at: 0)
        let kept = [proof, lastSuccess].compactMap(\.self)
        while history.count > Self.kept, let oldest = history.lastIndex(where: { !kept.contains($0) }) {
            history.remove(at: oldest)
        }
    }
}

extension EtcdCluster {
    /// The label of clusters that are made for a drill, and the annotation of a cluster by which a person asks for one:
    /// each new value, a time with nine digits of fraction, asks once.
    public static let drillKey = "lodestone.dev/drill"

    /// Whether the record was made for a drill of another one's backup, and is nobody's cluster.
    ///
    /// The label alone makes no cluster disappear from reports: the cluster it is a drill of must own it.
    public var isDrill: Bool {
        metadata.labels[Self.drillKey] == "true"
            && metadata.ownerReferences.contains { $0.kind == Self.kind.name && $0.controller == true }
    }
}
