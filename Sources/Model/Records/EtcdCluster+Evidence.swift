extension EtcdCluster {
    /// The longest time between two looks at a cluster's members: 60 s, whatever interval a person asks for.
    ///
    /// Ready and Available say how the cluster is, not how it was an hour ago; a look costs each member a Status from
    /// memory and the cluster a heartbeat.
    public static let longestLookInterval = Duration.seconds(60)

    /// How old the evidence may be on which what is said of a cluster rests; what is older counts as not known.
    public static let evidenceLimit = Duration.seconds(120)

    /// How often the members are looked at: as often as the health inspection runs, but at least once in
    /// `longestLookInterval`; every 30 s where no health inspection runs.
    public var lookInterval: Duration {
        let health = spec.inspections.health
        return health.enabled ? min(health.interval ?? .seconds(10), Self.longestLookInterval) : .seconds(30)
    }
}
