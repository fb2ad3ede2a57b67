import Etcd
import Glibc
import TestSupport
import Testing

@testable import Replication

struct RevisionSpoolTests {
    private static func frames(_ revisions: ClosedRange<Int64>, size: Int = 10) -> [UInt8] {
        var encoder = SpoolFrame.Encoder()
        for revision in revisions {
            encoder.begin(revision, seenAt: revision * 1000)
            for number in 0..<3 {
                encode(
                    KeyValue(
                        key: Array("key-\(number)".utf8), value: [UInt8](repeating: 7, count: size),
                        createRevision: 1, modRevision: revision, version: revision, lease: -5), to: &encoder)
            }
            encoder.end()
        }
        return encoder.bytes
    }

    private static func encode(_ pair: KeyValue, to encoder: inout SpoolFrame.Encoder) {
        var writer = ProtobufWriter()
        writer.bytes(1, pair.key)
        writer.int64(2, pair.createRevision)
        writer.int64(3, pair.modRevision)
        writer.int64(4, pair.version)
        writer.bytes(5, pair.value)
        writer.int64(6, pair.lease)
        writer.bytes.withUnsafeBytes { bytes in
            if let view = try? KeyValueView(decoding: bytes) { encoder.add(.put, view) }
        }
    }

    private static func readAll(_ spool: RevisionSpool, after revision: Int64) throws -> [Int64] {
        let reader = try spool.reader(after: revision)
        var found: [Int64] = []
        while let changes = try reader.read() {
            #expect(changes.events.count == 3)
            #expect(changes.seenAt == changes.revision * 1000)
            #expect(changes.events[2].keyValue.lease == -5)
            found.append(changes.revision)
        }
        return found
    }

    @Test("What was appended is read from any revision, across segments, and after the spool is opened again")
    func roundTrip() async throws {
        try await withTemporaryDirectory("spool") { directory in
            var options = RevisionSpool.Options()
            options.segmentByteCount = 2_000
            do {
                let spool = try RevisionSpool(directory: directory, options: options)
                try spool.begin(clusterID: 0xfeed, base: 100)
                for first in stride(from: Int64(101), through: 200, by: 4) {
                    try spool.append(Self.frames(first...(first + 3)), first: first, last: first + 3)
                }
            }
            let spool = try RevisionSpool(directory: directory, options: options)
            #expect(spool.clusterID == 0xfeed)
            #expect((spool.base, spool.last) == (100, 200))
            for revision in Int64(100)...200 {
                #expect(try Self.readAll(spool, after: revision) == Array((revision + 1)..<201))
            }
            try spool.append(Self.frames(201...201), first: 201, last: 201)
            #expect(try Self.readAll(spool, after: 199) == [200, 201])
        }
    }

    @Test("A spool that was cut off anywhere goes on with the last whole revision")
    func torn() async throws {
        try await withTemporaryDirectory("spool") { directory in
            let frame = Self.frames(1...1).count
            for cut in [1, 7, 8, 23, 24, frame - 1, frame, frame + 1, 3 * frame - 1] {
                let path = "\(directory)/\(cut)"
                do {
                    let spool = try RevisionSpool(directory: path)
                    try spool.begin(clusterID: 1, base: 0)
                    try spool.append(Self.frames(1...3), first: 1, last: 3)
                }
                let file = try #require(directoryEntries(path).first { $0.hasSuffix(".revisions") })
                #expect(truncate("\(path)/\(file)", off_t(cut)) == 0)
                let whole = Int64(cut / frame)
                do {
                    let spool = try RevisionSpool(directory: path)
                    #expect(spool.last == whole, "cut at \(cut)")
                    try spool.append(Self.frames((whole + 1)...5), first: whole + 1, last: 5)
                }
                #expect(try Self.readAll(try RevisionSpool(directory: path), after: 0) == [1, 2, 3, 4, 5])
            }
        }
    }

    @Test("A revision that does not follow is refused as a gap, and nothing of it is kept")
    func gap() async throws {
        try await withTemporaryDirectory("spool") { directory in
            let spool = try RevisionSpool(directory: directory)
            try spool.begin(clusterID: 1, base: 10)
            let error = #expect(throws: ReplicationError.self) {
                try spool.append(Self.frames(12...12), first: 12, last: 12)
            }
            #expect(error?.code == .gap)
            #expect(spool.last == 10)
        }
    }

    @Test("A damaged bit is found and named, not passed on")
    func damage() async throws {
        try await withTemporaryDirectory("spool") { directory in
            let spool = try RevisionSpool(directory: directory)
            try spool.begin(clusterID: 1, base: 0)
            try spool.append(Self.frames(1...9), first: 1, last: 9)
            let file = try #require(directoryEntries(directory).first { $0.hasSuffix(".revisions") })
            var bytes = try readFile("\(directory)/\(file)")
            bytes[Self.frames(1...4).count + 40] ^= 4
            try writeFile(bytes, to: "\(directory)/\(file)")
            let reader = try spool.reader(after: 0)
            for revision in Int64(1)...4 { #expect(try reader.read()?.revision == revision) }
            let error = #expect(throws: ReplicationError.self) { try reader.read() }
            #expect(error?.code == .spool)
        }
    }

    @Test("Old segments can be dropped while a reader is behind or in them")
    func drop() async throws {
        try await withTemporaryDirectory("spool") { directory in
            var options = RevisionSpool.Options()
            options.segmentByteCount = 1
            let spool = try RevisionSpool(directory: directory, options: options)
            try spool.begin(clusterID: 1, base: 0)
            for revision in Int64(1)...10 {
                try spool.append(Self.frames(revision...revision), first: revision, last: revision)
            }
            let reader = try spool.reader(after: 5)
            #expect(try reader.read()?.revision == 6)
            #expect(try spool.drop(through: 5) == 5)
            #expect(spool.base == 5)
            #expect(throws: ReplicationError.self) { try spool.reader(after: 3) }
            #expect(try reader.read()?.revision == 7)
            #expect(try spool.drop(through: 100) == 9, "the last segment stays")
            #expect(try RevisionSpool(directory: directory).base == 9)
        }
    }

    @Test("A reader follows a spool that grows, and huge revisions pass through it")
    func follows() async throws {
        try await withTemporaryDirectory("spool") { directory in
            var options = RevisionSpool.Options()
            options.segmentByteCount = 1 << 20
            let spool = try RevisionSpool(directory: directory, options: options)
            try spool.begin(clusterID: 1, base: 0)
            let reader = try spool.reader(after: 0)
            #expect(try reader.read() == nil)
            for revision in Int64(1)...40 {
                let size = revision % 5 == 0 ? 400_000 : 20_000
                try spool.append(Self.frames(revision...revision, size: size), first: revision, last: revision)
                let changes = try reader.read()
                #expect(changes?.revision == revision)
                #expect(changes?.events.first?.keyValue.value.count == size)
                #expect(try reader.read() == nil)
            }
        }
    }
}
