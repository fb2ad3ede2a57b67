import Etcd
import Model
import TestSupport
import Testing

@testable import Archive

struct LogSegmentTests {
    @Test(
        "The shortest chain of segments that leads there, overlapping or not; none over a gap",
        arguments: [
            ([(5, 8), (8, 12)], 5, 12, [(5, 8), (8, 12)]),
            ([(5, 8), (8, 12)], 6, 10, [(5, 8), (8, 12)]),
            ([(8, 12), (5, 8), (5, 12)], 5, 12, [(5, 12)]),
            ([(9, 12), (10, 20), (99, 100)], 9, 15, [(9, 12), (10, 20)]),
            ([(5, 8), (9, 12)], 5, 12, nil),
            ([(5, 8)], 4, 8, nil),
            ([(5, 8)], 5, 9, nil),
            ([], 5, 5, []),
            ([(1, 3)], 5, 5, []),
            // Names sort as numbers, whatever their digits.
            ([(100, 101), (99, 100), (9, 99)], 9, 101, [(9, 99), (99, 100), (100, 101)]),
        ] as [([(Int64, Int64)], Int64, Int64, [(Int64, Int64)]?)])
    func chain(segments: [(Int64, Int64)], start: Int64, end: Int64, expected: [(Int64, Int64)]?) {
        let names = segments.map { LogSegmentName(after: $0.0, through: $0.1) }
        let chain = LogSegmentName.chain(names, from: start, through: end)
        #expect(chain == expected?.map { LogSegmentName(after: $0.0, through: $0.1) })
    }

    @Test("A name is read as it was written; other objects are no segments")
    func names() {
        let name = LogSegmentName(after: 99, through: 1_000_000)
        #expect(name.description == "0000000000000000099-0000000000001000000.log")
        for text in [name.description, name.description + ".zst", name.description + ".zst.sealed"] {
            #expect(LogSegmentName(objectName: text) == name)
        }
        for text in [
            "manifest.json", "99-100.log", "0000000000000000100-0000000000000000099.log",
            "0000000000000000099-0000000000000000099.log", "0000000000000000099-0000000000000000100.txt", "",
        ] {
            #expect(LogSegmentName(objectName: text) == nil, "\(text)")
        }
    }

    @Test("100 damaged segments, 100 refusals; also a sound one under another name")
    func damaged() throws {
        var writer = LogSegmentWriter(of: orders, clusterID: 7, after: 10)
        for note in 0..<50 { writer.note(lease: Int64(note), timeToLive: note % 2 == 0 ? 60 : nil, at: 10) }
        #expect(writer.isEmpty)
        let (name, bytes) = writer.finished(at: .now)
        // Without a revision there is nothing to name; it is refused even when its bytes are sound.
        #expect(throws: ArchiveError.self) { try LogSegment(bytes: bytes, as: LogSegmentName(after: 10, through: 11)) }
        let whole = try LogSegment(bytes: bytes, as: name)
        #expect(whole.leases.count == 50 && whole.clusterID == 7 && whole.incarnation == orders.incarnation)
        for number in 0..<100 {
            var damaged = bytes
            if number % 3 == 0 {
                damaged.removeLast(Int.random(in: 1...damaged.count))
            } else {
                damaged[Int.random(in: damaged.indices)] ^= 1 << UInt8.random(in: 0..<8)
            }
            let error = #expect(throws: ArchiveError.self) { try LogSegment(bytes: damaged, as: name) }
            #expect(error?.code == .contradiction)
        }
    }
}
