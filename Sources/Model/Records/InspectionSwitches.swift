/// What to inspect in a cluster; every switch that is on makes an EtcdInspection the cluster owns.
public struct InspectionSwitches: Structure {
    /// The health inspection.
    public var health = InspectionSwitch(interval: .seconds(10), timeout: .seconds(5))
    /// The consistency inspection.
    public var consistency = InspectionSwitch(interval: .seconds(60), timeout: .seconds(45))

    /// Creates the default: both on.
    public init() {}

    /// The fields.
    public static let fields: [Field<InspectionSwitches>] = [
        Field(
            "health", \.health,
            "Whether every member serves, and whether the cluster has quorum; looked at once a minute at least."),
        Field("consistency", \.consistency, "Whether the members agree in revision, key count and hash."),
    ]

    /// The switch of a type of inspection.
    public subscript(type: InspectionType) -> InspectionSwitch {
        switch type {
        case .health: health
        case .consistency: consistency
        }
    }
}

/// Whether and how often one inspection runs.
public struct InspectionSwitch: Structure {
    /// Whether it runs.
    public var enabled = true
    /// How often; the inspection's own default if not given.
    public var interval: Duration?
    /// How long one run may take.
    public var timeout: Duration?
    /// From where on a figure is a finding.
    public var thresholds = InspectionThresholds()

    /// Creates the default.
    public init() {}

    init(interval: Duration, timeout: Duration) {
        self.interval = interval
        self.timeout = timeout
    }

    /// The fields.
    public static let fields: [Field<InspectionSwitch>] = [
        Field("enabled", \.enabled, "Whether the inspection runs."),
        Field("interval", \.interval, "How often it runs.", .between(.seconds(1), .seconds(86400))),
        Field("timeout", \.timeout, "How long one run may take.", .between(.milliseconds(100), .seconds(3600))),
        Field("thresholds", \.thresholds, "From where on a figure is a finding."),
    ]
}

/// From where on a figure is a finding.
public struct InspectionThresholds: Structure {
    /// A probe slower than this is a warning.
    public var slowProbe = Duration.seconds(1)
    /// A member whose applied raft index is further behind than this is lagging.
    public var lag: Int64 = 1000
    /// A database fuller than this part of its quota, in percent, is a warning.
    public var quotaPercent: Int64 = 80

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<InspectionThresholds>] = [
        Field(
            "slowProbe", \.slowProbe, "A probe slower than this is a warning.", .between(.milliseconds(1), .seconds(60))
        ),
        Field("lag", \.lag, "A member further behind than so many raft entries lags.", .range(1...1_000_000_000)),
        Field("quotaPercent", \.quotaPercent, "A database fuller than this part of its quota warns.", .range(1...100)),
    ]
}
