import Glibc

/// A moment by the system's clock, as the time since 1970 in UTC.
public struct WallTime: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Time since 1970-01-01T00:00:00Z.
    public var sinceEpoch: Duration

    /// Makes a moment from its distance to 1970-01-01T00:00:00Z.
    public init(sinceEpoch: Duration) {
        self.sinceEpoch = sinceEpoch
    }

    /// The moment now.
    public static var now: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(sinceEpoch: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
    }

    /// The moment `duration` later.
    public func advanced(by duration: Duration) -> WallTime {
        WallTime(sinceEpoch: sinceEpoch + duration)
    }

    /// The time from `earlier` to this moment.
    public func since(_ earlier: WallTime) -> Duration {
        sinceEpoch - earlier.sinceEpoch
    }

    /// Whether the first moment is before the second.
    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.sinceEpoch < right.sinceEpoch
    }

    /// RFC 3339 with whole seconds, as `2026-01-31T12:00:00Z`.
    public var description: String { formatted("%Y-%m-%dT%H:%M:%SZ") }

    /// Compact form for file names, as `20260131T120000Z`; its order as text is its order in time.
    var compact: String { formatted("%Y%m%dT%H%M%SZ") }

    private func formatted(_ format: String) -> String {
        var seconds = time_t(sinceEpoch.components.seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
