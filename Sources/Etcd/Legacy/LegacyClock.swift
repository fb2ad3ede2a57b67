public import Model
import Synchronization

/// What is known of the clock of a server that says in every answer what time it is, in whole seconds.
///
/// Each answer bounds the difference of the clocks to a second and the time the answer took; many answers together
/// bound it to some milliseconds. Times to live are told as moments of that clock.
public final class LegacyClock: Sendable {
    private struct Bounds {
        var low = Int64.min
        var high = Int64.max
    }

    private let bounds = Mutex(Bounds())

    /// A clock of which nothing is known and which is taken for ours.
    public init() {}

    /// Takes a `Date` that came with an answer between two moments of our clock.
    public func observe(_ date: Timestamp, sent: Timestamp, received: Timestamp) {
        let second: Int64 = 1_000_000_000
        let low = date.nanosecondsSinceEpoch - received.nanosecondsSinceEpoch
        let high = date.nanosecondsSinceEpoch + second - sent.nanosecondsSinceEpoch
        bounds.withLock { bounds in
            let (newLow, newHigh) = (max(bounds.low, low), min(bounds.high, high))
            // One of the clocks was set: what was known before is worth nothing any more.
            bounds = newLow <= newHigh ? Bounds(low: newLow, high: newHigh) : Bounds(low: low, high: high)
        }
    }

    /// How far the server's clock is ahead of ours; zero as long as that is possible.
    public var offset: Duration {
        let bounds = bounds.withLock { $0 }
        guard bounds.low != .min, bounds.low > 0 || bounds.high < 0 else { return .zero }
        return .nanoseconds(bounds.low + (bounds.high - bounds.low) / 2)
    }

    /// What time it is at the server.
    public var now: Timestamp { Timestamp.now + offset }

    /// Reads the header field `Date` (RFC 9110, section 5.6.7): `Sat, 21 Nov 2026 17:09:43 GMT`.
    static func moment(httpDate text: String) -> Timestamp? {
        let words = text.split(whereSeparator: { " :".contains($0) })
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 8, words[7] == "GMT", let day = Int64(words[1]),
            let month = months.firstIndex(of: String(words[2])), let year = Int64(words[3]),
            let hour = Int64(words[4]), let minute = Int64(words[5]), let second = Int64(words[6])
        else { return nil }
        let days = CivilDate.daysSinceEpoch(year: year, month: Int64(month + 1), day: day)
        return Timestamp(secondsSinceEpoch: days * 86400 + hour * 3600 + minute * 60 + second)
    }
}
