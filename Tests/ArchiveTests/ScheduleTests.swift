import Archive
import Model
import Testing

struct ScheduleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let line: String
        let after: String
        let next: String?

        init(_ line: String, _ after: String, _ next: String?) {
            self.line = line
            self.after = after
            self.next = next
        }

        var testDescription: String { "\(line) after \(after)" }
    }

    static let cases: [Case] = [
        Case("* * * * *", "2026-11-21T08:00:00Z", "2026-11-21T08:01:00Z"),
        Case("* * * * *", "2026-11-21T08:00:59Z", "2026-11-21T08:01:00Z"),
        Case("0 * * * *", "2026-11-21T08:00:00Z", "2026-11-21T09:00:00Z"),
        Case("0 * * * *", "2026-11-21T07:59:59Z", "2026-11-21T08:00:00Z"),
        Case("*/15 * * * *", "2026-11-21T08:14:00Z", "2026-11-21T08:15:00Z"),
        Case("*/15 * * * *", "2026-11-21T08:45:00Z", "2026-11-21T09:00:00Z"),
        Case("*/7 * * * *", "2026-11-21T08:56:00Z", "2026-11-21T09:00:00Z"),
        Case("5/20 * * * *", "2026-11-21T08:05:00Z", "2026-11-21T08:25:00Z"),
        Case("10-20/5 * * * *", "2026-11-21T08:15:00Z", "2026-11-21T08:20:00Z"),
        Case("10-20/5 * * * *", "2026-11-21T08:20:00Z", "2026-11-21T09:10:00Z"),
        Case("3,1,2 * * * *", "2026-11-21T08:02:30Z", "2026-11-21T08:03:00Z"),
        Case("30 2 * * *", "2026-12-31T02:30:00Z", "2027-01-01T02:30:00Z"),
        Case("0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z"),
        Case("0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
        Case("0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        Case("0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"),
        Case("0 0 30 2 *", "2026-03-01T00:00:00Z", nil),
        Case("59 23 28-31 * *", "2027-02-28T23:59:00Z", "2027-03-28T23:59:00Z"),
        Case("0 0 * * mon", "2026-11-21T08:00:00Z", "2026-11-23T00:00:00Z"),
        Case("0 0 * * 7", "2026-11-21T08:00:00Z", "2026-11-22T00:00:00Z"),
        Case("0 0 * * 0", "2026-11-21T08:00:00Z", "2026-11-22T00:00:00Z"),
        Case("0 0 * * 5-7", "2026-11-21T08:00:00Z", "2026-11-22T00:00:00Z"),
        Case("0 0 * * Mon-Fri", "2026-11-20T08:00:00Z", "2026-11-23T00:00:00Z"),
        Case("0 0 1 jan *", "2026-11-21T08:00:00Z", "2027-01-01T00:00:00Z"),
        Case("0 0 1 JAN,jul *", "2026-02-21T08:00:00Z", "2026-07-01T00:00:00Z"),
        // Both day fields given: either will do (21 November 2026 is a Saturday).
        Case("0 0 13 * fri", "2026-11-21T08:00:00Z", "2026-11-27T00:00:00Z"),
        Case("0 0 25 * fri", "2026-11-21T08:00:00Z", "2026-11-25T00:00:00Z"),
        // One of them starts with a star: both have to fit.
        Case("0 0 */2 * sat", "2026-11-21T08:00:00Z", "2026-12-05T00:00:00Z"),
        Case("0 0 13 * */7", "2026-11-21T08:00:00Z", "2026-12-13T00:00:00Z"),
        Case("@daily", "2026-11-21T08:00:00Z", "2026-11-22T00:00:00Z"),
        Case("@hourly", "2026-11-21T08:00:00Z", "2026-11-21T09:00:00Z"),
        Case("@weekly", "2026-11-21T08:00:00Z", "2026-11-22T00:00:00Z"),
        Case("@monthly", "2026-11-21T08:00:00Z", "2026-12-01T00:00:00Z"),
        Case("@yearly", "2026-11-21T08:00:00Z", "2027-01-01T00:00:00Z"),
        Case("0  0\t*  *   *", "2026-11-21T08:00:00Z", "2026-11-22T00:00:00Z"),
        Case("0 0 1 1 *", "1969-06-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ]

    @Test("The next time of a cron line", arguments: cases)
    func next(_ sample: Case) throws {
        let line = try CronLine(sample.line)
        let after = try #require(Timestamp(sample.after))
        #expect(line.next(after: after) == sample.next.flatMap { Timestamp($0) })
        #expect(Schedule.cron(line).next(after: after)?.description == sample.next)
    }

    @Test("Every time that a line names is found, and no other")
    func exhaustive() throws {
        let line = try CronLine("*/20 6-8 1,15 * wed")
        var moment = try #require(Timestamp("2027-12-01T00:00:00Z"))
        let end = try #require(Timestamp("2028-04-01T00:00:00Z"))
        var expected: [Int64] = []
        for minute in stride(from: moment.secondsSinceEpoch, to: end.secondsSinceEpoch, by: 60) {
            let date = CivilDate(secondsSinceEpoch: minute)
            guard date.minute % 20 == 0, (6...8).contains(date.hour) else { continue }
            if date.day == 1 || date.day == 15 || date.weekday == 3 { expected.append(minute) }
        }
        var found: [Int64] = []
        moment = moment - .seconds(1)
        while let next = line.next(after: moment), next < end {
            found.append(next.secondsSinceEpoch)
            moment = next
        }
        #expect(found == expected)
    }

    @Test("An interval counts from the last time")
    func interval() throws {
        let last = try #require(Timestamp("2026-11-21T08:00:00.5Z"))
        #expect(Schedule.every(.seconds(90)).next(after: last) == last + .seconds(90))
    }

    @Test(
        "What is no cron line is refused with the field at fault",
        arguments: [
            ("", "0 fields"), ("* * * *", "4 fields"), ("* * * * * *", "6 fields"), ("60 * * * *", "minute"),
            ("* 24 * * *", "hour"), ("* * 0 * *", "day of month"), ("* * 32 * *", "day of month"),
            ("* * * 13 *", "month"), ("* * * 0 *", "month"), ("* * * * 8", "day of week"),
            ("5-1 * * * *", "ends before"),
            ("*/0 * * * *", "step"), ("*/x * * * *", "step"), ("1,,2 * * * *", "number"), ("1-2-3 * * * *", "range"),
            ("- * * * *", "number"), ("+5 * * * *", "number"), ("* * * fry *", "name"), ("@often", "1 fields"),
            ("*/1/2 * * * *", "more than one step"), ("99999999999999999999 * * * *", "number"),
        ])
    func wrong(line: String, word: String) {
        let error = #expect(throws: ScheduleError.self) { try CronLine(line) }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }
}
