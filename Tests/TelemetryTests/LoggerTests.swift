import Glibc
import Synchronization
import Testing

@testable import Telemetry

struct LoggerTests {
    private static let line = LogLine(
        time: WallTime(milliseconds: 1_795_237_200_123), level: .warning, label: "store", message: "Disk is slow",
        fields: LogField.fields(of: ["file": "/var/a b", "took": .duration(.milliseconds(1500)), "n": 3, "ok": false]))

    @Test("A text line reads time, level, label, message, fields")
    func text() {
        #expect(
            String(decoding: Self.line.bytes(in: .text), as: UTF8.self)
                == "2026-11-21T05:00:00.123Z WARNING store: Disk is slow file=\"/var/a b\" took=1.5s n=3 ok=false\n")
    }

    @Test("A JSON line keeps numbers and truth values as such")
    func json() {
        #expect(
            String(decoding: Self.line.bytes(in: .json), as: UTF8.self)
                == #"{"time":"2026-11-21T05:00:00.123Z","level":"warning","logger":"store","message":"Disk is slow","#
                + #""file":"/var/a b","took":1.5,"n":3,"ok":false}"# + "\n")
    }

    @Test(
        "Text from outside cannot forge a second line", arguments: LogFormat.allCases,
        ["a\nb", "a\r\nb", "\u{1B}[31m", "x\u{0}y", "quote \" backslash \\", "tab\t"])
    func escaping(format: LogFormat, hostile: String) {
        let line = LogLine(
            time: WallTime(milliseconds: 0), level: .info, label: "x", message: hostile,
            fields: LogField.fields(of: ["field": .text(hostile)]))
        let bytes = line.bytes(in: format)
        #expect(bytes.filter { $0 < 0x20 } == [0x0A])
        #expect(bytes.last == 0x0A)
    }

    @Test("A field named like a part of the line gets another name in JSON")
    func reservedNames() {
        let line = LogLine(
            time: WallTime(milliseconds: 0), level: .info, label: "x", message: "m",
            fields: LogField.fields(of: ["message": "other", "ratio": .number(.infinity)]))
        let text = String(decoding: line.bytes(in: .json), as: UTF8.self)
        #expect(text.contains(#""message":"m","message_":"other","ratio":"inf"}"#))
    }

    @Test("Lines below the level are neither written nor built")
    func levels() {
        let lines = Collected()
        var built = 0
        var logger = Logger(label: "x", level: .warning, sink: lines.sink)
        func message() -> String {
            built += 1
            return "m"
        }
        logger.info(message())
        #expect(built == 0)
        logger.warning(message())
        logger.level = .debug
        logger.debug(message())
        #expect(built == 2)
        #expect(lines.all.count == 2)
    }

    @Test("Fields of the logger, the task and the call follow each other, also in child tasks")
    func context() async {
        let lines = Collected()
        let logger = Logger(label: "x", sink: lines.sink).with(["own": 1])
        await LogContext.with(["reconcile": "r7"]) {
            await LogContext.with(["record": "default/a"]) {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { logger.info("inside", ["call": 2]) }
                }
            }
        }
        logger.labelled("y").info("outside")
        #expect(lines.all.first?.hasSuffix("x: inside own=1 reconcile=r7 record=default/a call=2\n") == true)
        #expect(lines.all.last?.hasSuffix("y: outside own=1\n") == true)
    }

    @Test("A log file is appended to by many tasks without a torn line")
    func file() async throws {
        let path = "/tmp/lodestone-log-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).log"
        defer { unlink(path) }
        for _ in 0..<2 {
            let logger = Logger(label: "x", sink: try .file(path, format: .text))
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for number in 0..<100 {
                            logger.info("line", ["task": .integer(Int64(task)), "number": .integer(Int64(number))])
                        }
                    }
                }
            }
        }
        let lines = try readText(path).split(separator: "\n")
        #expect(lines.count == 1600)
        #expect(lines.allSatisfy { $0.contains(" INFO    x: line task=") })
    }

    @Test("A log file that cannot be opened is named in the error")
    func unopenable() {
        let error = #expect(throws: LogFileError.self) { _ = try LogSink.file("/nonexistent/x.log", format: .text) }
        #expect(error?.description.contains("/nonexistent/x.log cannot be opened: No such file") == true)
    }

    @Test(
        "Calendar dates are right across leap years and before 1970",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
        ] as [(Int64, String)])
    func calendar(milliseconds: Int64, expected: String) {
        var bytes: [UInt8] = []
        WallTime(milliseconds: milliseconds).append(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test("A sensitive value is masked however it is printed")
    func sensitive() {
        let password = Sensitive("hunter2")
        var dumped = ""
        dump((password, [password], Optional(password)), to: &dumped)
        let printed = "\(password) \(String(describing: [password])) \(String(reflecting: password)) \(dumped)"
        #expect(!printed.contains("hunter2"))
        #expect(printed.contains("******"))
        #expect(password.reveal() == "hunter2")
        #expect(password == Sensitive("hunter2"))
    }
}

/// Log lines kept for a look.
private final class Collected: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var sink: LogSink {
        .closure(format: .text) { [self] line in
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }
}

/// The text of a file.
func readText(_ path: String) throws -> String {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self)
}
