import Model
import Store
import Testing
import Transport

@testable import API

struct WatchLinesTests {
    private static func key(_ revision: Int64, _ type: WatchLineWriter.EventType = .added) throws -> WatchLines.Key {
        let request = HTTPServerRequest(method: "GET", path: [])
        return WatchLines.Key(revision: revision, type: type, form: try RecordForm(request), hasColumns: false)
    }

    @Test("A line is written once, however many ask for it")
    func once() async throws {
        let lines = WatchLines()
        var written = 0
        for _ in 0..<1_000 {
            let line = lines.line(try Self.key(7)) {
                written += 1
                return Array("line".utf8)
            }
            #expect(line == Array("line".utf8))
        }
        #expect(written == 1)
        _ = lines.line(try Self.key(7, .deleted)) {
            written += 1
            return []
        }
        #expect(written == 2, "another type is another line")
    }

    @Test("No more lines and bytes are kept than allowed, and the newest always")
    func bounded() throws {
        let lines = WatchLines(countLimit: 10, sizeLimit: 1_000)
        for revision in 0..<100 as Range<Int64> { _ = lines.line(try Self.key(revision)) { [1] } }
        #expect(lines.figures.count == 10)
        for revision in 100..<200 as Range<Int64> {
            _ = lines.line(try Self.key(revision)) { [UInt8](repeating: 0, count: 300) }
            #expect(lines.figures.size <= 1_000)
        }
        _ = lines.line(try Self.key(200)) { [UInt8](repeating: 0, count: 5_000) }
        #expect(lines.figures.count == 1 && lines.figures.size == 5_000)
        var isKept = true
        _ = lines.line(try Self.key(200)) {
            isKept = false
            return []
        }
        #expect(isKept)
    }

    @Test("Cells are kept for the state that was stored, and only so many")
    func cells() async throws {
        let kind = try #require(RegisteredKind.named("secrets"))
        let cells = RowCells(capacity: 4)
        func text(_ record: Record, at moment: Timestamp) -> String {
            var bytes: [UInt8] = []
            cells.row(of: record, as: kind, keeps: true, at: moment).append(to: &bytes, at: moment)
            return String(decoding: bytes, as: UTF8.self)
        }
        func record(_ name: String, _ revision: Int64, _ created: Timestamp) -> Record {
            var secret = Secret()
            secret.metadata = ObjectMeta(name: name)
            secret.metadata.creationTimestamp = created
            secret.type = "t\(revision)"
            return Record(id: RecordID(of: secret), revision: revision, document: secret.document)
        }
        let start = Timestamp(secondsSinceEpoch: 1_000_000)
        #expect(text(record("a", 1, start), at: start + .seconds(5)) == #""a","t1",0,"5s""#)
        #expect(text(record("a", 1, start), at: start + .seconds(90)) == #""a","t1",0,"1m30s""#, "ages grow")
        #expect(text(record("a", 2, start), at: start + .seconds(5)) == #""a","t2",0,"5s""#, "a newer state counts")
        for index in 0..<20 { _ = text(record("n\(index)", 1, start), at: start) }
        #expect(text(record("a", 3, start), at: start + .seconds(5)) == #""a","t3",0,"5s""#)
    }
}
