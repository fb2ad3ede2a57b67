public import Model

/// The five fields of a cron line: minute, hour, day of month, month, day of week; all in UTC.
///
/// Fields hold `*`, numbers, ranges, steps (`*/15`, `8-18/2`), lists of them, and names (`jan`, `mon`); 7 is Sunday too.
/// `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` are short forms. As in Vixie's cron, a day has to fit both day
/// fields if one of them starts with `*`, and either of them otherwise.
public struct CronLine: Sendable, Hashable, CustomStringConvertible {
    /// The line as it was given.
    public let description: String

    private let minutes: UInt64
    private let hours: UInt64
    private let days: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    private let mustFitBothDays: Bool

    /// Reads a line.
    ///
    /// - Throws: `ScheduleError` that names the field at fault.
    public init(_ line: String) throws(ScheduleError) {
        description = line
        let text = Self.shortForms[line.lowercased()] ?? line
        let fields = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 5 else {
            throw ScheduleError(line: line, detail: "it has \(fields.count) fields, not 5")
        }
        minutes = try CronField(.minute).parse(fields[0], of: line)
        hours = try CronField(.hour).parse(fields[1], of: line)
        days = try CronField(.day).parse(fields[2], of: line)
        months = try CronField(.month).parse(fields[3], of: line)
        let named = try CronField(.weekday).parse(fields[4], of: line)
        weekdays = named & 0x7F | named >> 7 & 1
        mustFitBothDays = fields[2].hasPrefix("*") || fields[4].hasPrefix("*")
    }

    /// The first time of the line after a moment; nil if there is none in the coming years.
    public func next(after moment: Timestamp) -> Timestamp? {
        // The first whole minute after the moment.
        let first = (moment.secondsSinceEpoch.dividedRoundingDown(by: 60) + 1) * 60
        let firstDay = first.dividedRoundingDown(by: 86400)
        // The 29th of February comes back after 8 years at the latest, around a year such as 2100.
        for day in firstDay...(firstDay + 366 * 8 + 2) where fits(CivilDate(secondsSinceEpoch: day * 86400)) {
            let start = day == firstDay ? (first - day * 86400) / 60 : 0
            for minute in start..<1440 where minutes.has(minute % 60) && hours.has(minute / 60) {
                return Timestamp(secondsSinceEpoch: day * 86400 + minute * 60)
            }
        }
        return nil
    }

    private func fits(_ date: CivilDate) -> Bool {
        guard months.has(date.month) else { return false }
        let (day, weekday) = (days.has(date.day), weekdays.has(date.weekday))
        return mustFitBothDays ? day && weekday : day || weekday
    }

    private static let shortForms = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]
}

/// What one field of a cron line may hold.
private struct CronField {
    enum Kind: String { case minute, hour, day = "day of month", month, weekday = "day of week" }

    private let kind: Kind
    private let range: ClosedRange<Int>
    /// Names for the numbers from the range's first on.
    private let names: [String]

    init(_ kind: Kind) {
        self.kind = kind
        switch kind {
        case .minute: (range, names) = (0...59, [])
        case .hour: (range, names) = (0...23, [])
        case .day: (range, names) = (1...31, [])
        case .month:
            range = 1...12
            names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .weekday: (range, names) = (0...7, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
        }
    }

    /// The set of numbers a field stands for, one bit each.
    func parse(_ field: Substring, of line: String) throws(ScheduleError) -> UInt64 {
        var bits: UInt64 = 0
        for item in field.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count) else { throw wrong(field, "\"\(item)\" has more than one step", line) }
            var step = 1
            if parts.count == 2 {
                guard let number = Int(parts[1]), number > 0 else {
                    throw wrong(field, "\"\(parts[1])\" is not a step", line)
                }
                step = number
            }
            let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
            let first: Int
            let last: Int
            if parts[0] == "*" {
                (first, last) = (range.lowerBound, range.upperBound)
            } else {
                guard (1...2).contains(ends.count) else { throw wrong(field, "\"\(item)\" is not a range", line) }
                first = try number(ends[0], field, line)
                // A single number with a step goes on to the end, as cron has it.
                last = ends.count == 2 ? try number(ends[1], field, line) : parts.count == 2 ? range.upperBound : first
            }
            guard first <= last else { throw wrong(field, "\"\(item)\" ends before it starts", line) }
            for value in stride(from: first, through: last, by: step) { bits |= 1 << UInt64(value) }
        }
        return bits
    }

    private func number(_ text: Substring, _ field: Substring, _ line: String) throws(ScheduleError) -> Int {
        if let index = names.firstIndex(of: text.lowercased()) { return range.lowerBound + index }
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text) else {
            throw wrong(field, "\"\(text)\" is not a number\(names.isEmpty ? "" : " or name")", line)
        }
        guard range.contains(number) else {
            throw wrong(field, "\(number) is not between \(range.lowerBound) and \(range.upperBound)", line)
        }
        return number
    }

    private func wrong(_ field: Substring, _ detail: String, _ line: String) -> ScheduleError {
        ScheduleError(line: line, detail: "in the \(kind.rawValue) \"\(field)\", \(detail)")
    }
}

extension UInt64 {
    fileprivate func has(_ bit: Int64) -> Bool { self >> UInt64(bit) & 1 == 1 }
}

extension Int64 {
    fileprivate func dividedRoundingDown(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
