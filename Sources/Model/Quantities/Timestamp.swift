import CPlatform

/// A moment in UTC, to the nanosecond, written as RFC 3339.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted, as everywhere in Unix.
    public var nanosecondsSinceEpoch: Int64

    /// Creates a moment from nanoseconds since the epoch.
    public init(nanosecondsSinceEpoch: Int64) {
        self.nanosecondsSinceEpoch = nanosecondsSinceEpoch
    }

    /// Creates a moment from whole seconds since the epoch.
    ///
    /// One before 1678 or after 2262 becomes the first or last there is: certificates may be valid for longer.
    public init(secondsSinceEpoch: Int64) {
        let range = Int64.min / 1_000_000_000 + 1...Int64.max / 1_000_000_000
        nanosecondsSinceEpoch = min(max(secondsSinceEpoch, range.lowerBound), range.upperBound) * 1_000_000_000
    }

    /// The present moment by the machine's clock.
    public static var now: Timestamp {
        Timestamp(nanosecondsSinceEpoch: lodestone_wall_clock_nanoseconds())
    }

    /// Whole seconds since the epoch, rounded down.
    public var secondsSinceEpoch: Int64 {
        nanosecondsSinceEpoch >= 0
            ? nanosecondsSinceEpoch / 1_000_000_000 : (nanosecondsSinceEpoch - 999_999_999) / 1_000_000_000
    }

    /// This moment without its fraction of a second, as Kubernetes keeps most times.
    public var wholeSeconds: Timestamp { Timestamp(secondsSinceEpoch: secondsSinceEpoch) }

    /// The moment so much later.
    public static func + (moment: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(nanosecondsSinceEpoch: moment.nanosecondsSinceEpoch &+ duration.nanoseconds)
    }

    /// The moment so much earlier.
    public static func - (moment: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(nanosecondsSinceEpoch: moment.nanosecondsSinceEpoch &- duration.nanoseconds)
    }

    /// The time from the right moment to the left one.
    public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .nanoseconds(later.nanosecondsSinceEpoch &- earlier.nanosecondsSinceEpoch)
    }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
    }

    /// The moment in whole seconds: `2026-11-21T05:00:00Z`.
    public var description: String { text(fractionDigits: 0) }

    /// The moment with so many digits after the second, 0 to 9.
    public func text(fractionDigits: Int) -> String {
        let date = CivilDate(secondsSinceEpoch: secondsSinceEpoch)
        func padded(_ number: Int64, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        var text = "\(padded(date.year, 4))-\(padded(date.month))-\(padded(date.day))T"
        text += "\(padded(date.hour)):\(padded(date.minute)):\(padded(date.second))"
        if fractionDigits > 0 {
            let nanoseconds = nanosecondsSinceEpoch - secondsSinceEpoch * 1_000_000_000
            text += "." + padded(nanoseconds, 9).prefix(fractionDigits)
        }
        return text + "Z"
    }

    /// Reads RFC 3339, in any zone; nil if the text is none, or a moment before 1685 or after 2255.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":")
        else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            return bytes[range].reduce(Int64?(0)) { total, byte in
                guard let total, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                return total * 10 + Int64(byte - UInt8(ascii: "0"))
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month), (1...CivilDate.days(inMonth: month, of: year)).contains(day), hour < 24,
            minute < 60, second < 61
        else { return nil }
        var index = 19
        var nanoseconds: Int64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            let digits = bytes[(index + 1)...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard (1...9).contains(digits.count), let fraction = number(digits.startIndex..<digits.endIndex) else {
                return nil
            }
            nanoseconds = (digits.count..<9).reduce(fraction) { total, _ in total * 10 }
            index = digits.endIndex
        }
        var offset: Int64 = 0
        guard index < bytes.count else { return nil }
        switch bytes[index] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): guard index + 1 == bytes.count else { return nil }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard bytes.count == index + 6, bytes[index + 3] == UInt8(ascii: ":"),
                let hours = number(index + 1..<index + 3), let minutes = number(index + 4..<index + 6)
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (bytes[index] == UInt8(ascii: "+") ? 1 : -1)
        default: return nil
        }
        let seconds =
            CivilDate.daysSinceEpoch(year: year, month: month, day: day) * 86400 + hour * 3600 + minute * 60 + second
        // 64 bits of nanoseconds reach from 1678 to 2262.
        guard (seconds - offset).magnitude < 9_000_000_000 else { return nil }
        nanosecondsSinceEpoch = (seconds - offset) * 1_000_000_000 + nanoseconds
    }
}

extension Timestamp: FieldValue {
    /// Text in the format `date-time`.
    public static var schema: Schema { Schema(.string(oneOf: [], format: "date-time")) }

    /// Reads RFC 3339.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> Timestamp? {
        guard case .string(let text) = value else {
            decoding.mismatch(expected: "a time like \"2026-11-21T05:00:00Z\"", found: value)
            return nil
        }
        if let moment = Timestamp(text) { return moment }
        decoding.problem(
            .invalid, "\"\(text)\" is not a time between 1685 and 2255; write it like \"2026-11-21T05:00:00Z\"")
        return nil
    }

    /// RFC 3339 in whole seconds, or with milliseconds where the moment has a fraction.
    public var encoded: Value {
        .string(nanosecondsSinceEpoch % 1_000_000_000 == 0 ? description : text(fractionDigits: 3))
    }
}

/// A date and time of the proleptic Gregorian calendar in UTC.
public struct CivilDate: Sendable, Hashable {
    /// The year.
    public var year: Int64
    /// The month, from 1.
    public var month: Int64
    /// The day of the month, from 1.
    public var day: Int64
    /// The hour, from 0.
    public var hour: Int64
    /// The minute.
    public var minute: Int64
    /// The second.
    public var second: Int64
    /// The day of the week, from Sunday, 0.
    public var weekday: Int64

    /// Creates the date of a moment (the algorithm is Howard Hinnant's `civil_from_days`).
    public init(secondsSinceEpoch: Int64) {
        let days = secondsSinceEpoch >= 0 ? secondsSinceEpoch / 86400 : (secondsSinceEpoch - 86399) / 86400
        let rest = secondsSinceEpoch - days * 86400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
        weekday = ((days + 4) % 7 + 7) % 7
    }

    /// The days from 1970-01-01 to a date.
    public static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The number of days of a month.
    public static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
