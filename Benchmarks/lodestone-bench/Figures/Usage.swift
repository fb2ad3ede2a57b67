/// What one run of a command took.
struct Usage: Sendable {
    /// From the start of the process to its end.
    var wall: Duration
    /// Time on a processor, of the process and of its own children, in user and system mode.
    var processor: Duration
    /// The most memory it held at a time, in bytes; nil if it was not looked at.
    ///
    /// It is `VmHWM` as last seen before its end.
    var peakMemory: Int?
    /// How much it worked off, in whatever unit the benchmark counts.
    var work: Double

    /// The work done in a second.
    var rate: Double { work / wall.seconds }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
