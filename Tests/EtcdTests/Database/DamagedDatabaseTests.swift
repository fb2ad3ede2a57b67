import Glibc
import TestSupport
import Testing

@testable import Etcd

/// Databases with one thing wrong: every one is refused with a sentence, none crashes or hangs the reader.
@Suite(.timeLimit(.minutes(10)))
struct DamagedDatabaseTests {
    @Test("Hundreds of damaged snapshots, every one refused")
    func snapshots() async throws {
        try await withSnapshot { snapshot, path in
            var random = SeededRandom(seed: 11)
            for number in 0..<300 {
                var damaged = snapshot
                let what = damage(&damaged, kind: number % 6, with: &random)
                try writeFile(damaged, to: path)
                let error = #expect(throws: DatabaseError.self, "\(what)") {
                    let file = try DatabaseFile(path: path)
                    try file.verifyTrailer()
                    _ = try file.summary()
                }
                let sentence = error?.description ?? ""
                #expect(error?.isDamage == true, "\(what): \(sentence)")
                #expect(sentence.hasPrefix(path) && sentence.hasSuffix("."), "\(what): \(sentence)")
            }
        }
    }

    @Test(
        "Without a trailer the structure alone is judged: no damage crashes it, and only damaged bytes change figures")
    func structure() async throws {
        try await withSnapshot { snapshot, path in
            let bare = Array(snapshot.dropLast(32))
            try writeFile(bare, to: path)
            let sound = try DatabaseFile(path: path).summary()
            var random = SeededRandom(seed: 13)
            var refused = 0
            for number in 0..<900 {
                var damaged = bare
                let start = Int.random(in: 0..<(bare.count / 4096), using: &random) * 4096
                // The header of a page, its table, or anywhere, one to four times.
                let range = [0..<16, 16..<64, 0..<4096][number % 3]
                for _ in 0...(number % 4) {
                    damaged[start + Int.random(in: range, using: &random)] ^=
                        1 << UInt8.random(in: 0..<8, using: &random)
                }
                try writeFile(damaged, to: path)
                do {
                    let summary = try DatabaseFile(path: path).summary()
                    let isUsed = bare[start..<start + 4096].contains { $0 != 0 }
                    #expect(summary == sound || isUsed)
                } catch let error as DatabaseError {
                    #expect(error.isDamage, "\(error)")
                    refused += 1
                }
            }
            #expect(refused > 300)
        }
    }

    @Test("Every bit of a page header or element table matters in a page that is in use")
    func headers() async throws {
        try await withSnapshot { snapshot, path in
            let bare = Array(snapshot.dropLast(32))
            try writeFile(bare, to: path)
            let file = try DatabaseFile(path: path)
            let (page, count) = try firstRecordLeaf(of: file)
            let start = Int(page) * file.pageSize
            #expect(count > 2)
            for offset in 0..<(16 + count * 16) {
                for bit in 0..<8 {
                    var damaged = bare
                    damaged[start + offset] ^= 1 << bit
                    try writeFile(damaged, to: path)
                    #expect(throws: DatabaseError.self, "bit \(bit) of byte \(offset) of page \(page)") {
                        try DatabaseFile(path: path).summary()
                    }
                }
            }
        }
    }

    @Test("A link back up the tree ends as damage, not as a loop")
    func loop() async throws {
        try await withSnapshot { snapshot, path in
            var damaged = Array(snapshot.dropLast(32))
            let file = try DatabaseFile(path: path)
            let reader = file.makeReader()
            var tree = BucketTree(reader: reader)
            let buckets = try tree.buckets(in: .tree(file.meta.root))
            guard case .tree(let root) = try #require(buckets["key"]) else { throw TestSupportError("no tree") }
            #expect(try reader.page(root).header.kind == .branch)
            // The first child of the root is the root itself.
            let child = Int(root) * file.pageSize + 16 + 8
            for byte in 0..<8 { damaged[child + byte] = UInt8(truncatingIfNeeded: root >> UInt64(8 * byte)) }
            try writeFile(damaged, to: path)
            let error = #expect(throws: DatabaseError.self) { try DatabaseFile(path: path).summary() }
            #expect(error?.page == root)
            #expect(error?.description.contains("reached twice") == true)
        }
    }

    @Test("Two branches that changed places are found by the keys below them")
    func swapped() async throws {
        try await withSnapshot { snapshot, path in
            let bare = Array(snapshot.dropLast(32))
            let file = try DatabaseFile(path: path)
            let reader = file.makeReader()
            var tree = BucketTree(reader: reader)
            let buckets = try tree.buckets(in: .tree(file.meta.root))
            guard case .tree(let root) = try #require(buckets["key"]) else {
                throw TestSupportError("no tree")
            }
            let count = Int(try reader.page(root).header.count)
            #expect(count >= 3)
            for (left, right) in [(0, 1), (1, 2), (0, count - 1)] {
                var damaged = bare
                for byte in 8..<16 {
                    damaged.swapAt(
                        Int(root) * file.pageSize + 16 + left * 16 + byte,
                        Int(root) * file.pageSize + 16 + right * 16 + byte)
                }
                try writeFile(damaged, to: path)
                let error = #expect(throws: DatabaseError.self) { try DatabaseFile(path: path).summary() }
                #expect(error?.detail.contains("belongs to another page") == true)
            }
        }
    }

    @Test("What is no database at all is called so", arguments: [0, 31, 100, 4096, 100_000, 512 * 20 + 32])
    func foreign(size: Int) async throws {
        try await withTemporaryDirectory { directory in
            var random = SeededRandom(seed: UInt64(size))
            try writeFile((0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }, to: "\(directory)/file")
            let error = #expect(throws: DatabaseError.self) { try DatabaseFile(path: "\(directory)/file") }
            #expect(error?.code == .notADatabase)
        }
    }

    @Test("A missing file, a directory and a file that may not be read are named with the reason")
    func unreadable() async throws {
        try await withTemporaryDirectory { directory in
            let missing = #expect(throws: DatabaseError.self) { try DatabaseFile(path: "\(directory)/none") }
            #expect(missing?.code == .unreadable(ENOENT))
            #expect(missing?.description.contains("No such file") == true)
            let folder = #expect(throws: DatabaseError.self) { try DatabaseFile(path: directory) }
            #expect(folder?.code == .notADatabase)
        }
    }

    @Test("A member's file with one torn meta page is read by the other one, a snapshot is refused")
    func tornMeta() async throws {
        try await withSnapshot { snapshot, path in
            for page in [0, 1] {
                var torn = Array(snapshot.dropLast(32))
                for offset in 20..<60 { torn[page * 4096 + offset] ^= 0x55 }
                try writeFile(torn, to: path)
                #expect(try DatabaseFile(path: path).summary().liveKeys > 0)
                try writeFile(torn + snapshot.suffix(32), to: path)
                let error = #expect(throws: DatabaseError.self) { try DatabaseFile(path: path) }
                #expect(error?.isDamage == true)
            }
        }
    }

    @Test("A cancelled task stops reading")
    func cancelled() async throws {
        try await withSnapshot { _, path in
            let file = try DatabaseFile(path: path)
            let reading = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try file.verifyTrailer()
            }
            let error = await #expect(throws: DatabaseError.self) { try await reading.value }
            #expect(error?.code == .cancelled)
        }
    }

    /// The kinds of damage a disk, a network or a person does.
    private func damage(_ bytes: inout [UInt8], kind: Int, with random: inout SeededRandom) -> String {
        let pages = bytes.count / 4096
        let page = Int.random(in: 0..<pages, using: &random)
        switch kind {
        case 0, 1:
            let offset = Int.random(in: 0..<bytes.count, using: &random)
            bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            return "a bit of byte \(offset) flipped"
        case 2:
            let length = Int.random(in: 0..<bytes.count, using: &random)
            bytes.removeLast(bytes.count - length)
            return "cut to \(length) bytes"
        case 3:
            let used = (2..<pages).filter { bytes[$0 * 4096..<($0 + 1) * 4096].contains { $0 != 0 } }
            let victim = used.randomElement(using: &random) ?? 0
            for offset in 0..<4096 { bytes[victim * 4096 + offset] = 0 }
            return "page \(victim) zeroed"
        case 4:
            bytes.replaceSubrange((page * 4096)..<(page * 4096), with: [UInt8](repeating: 0, count: 512))
            return "512 bytes inserted at page \(page)"
        default:
            bytes.removeSubrange((page * 4096)..<(page * 4096 + 4096))
            return "page \(page) missing"
        }
    }

    /// The page and element count of the first leaf that holds records.
    private func firstRecordLeaf(of file: DatabaseFile) throws -> (UInt64, Int) {
        let reader = file.makeReader()
        var tree = BucketTree(reader: reader)
        guard case .tree(var page) = try #require(try tree.buckets(in: .tree(file.meta.root))["key"]) else {
            throw TestSupportError("no tree")
        }
        while try reader.page(page).header.kind == .branch {
            var first: UInt64?
            try reader.page(page).forEachEntry(fault: { reader.damage(nil, $0) }) { (entry) throws(DatabaseError) in
                first = first ?? entry.element.child
            }
            page = try #require(first)
        }
        return (page, Int(try reader.page(page).header.count))
    }
}

/// Lends a snapshot of a small cluster with some history, its bytes and a path to a file that holds them.
private func withSnapshot(_ body: ([UInt8], String) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
        let path = "\(directory)/snapshot.db"
        try await withRealEtcd { etcd in
            var workload = Workload(etcd: etcd)
            try await workload.run(rounds: 12)
            try await etcd.etcdctl("snapshot", "save", path)
        }
        try await body(try readFile(path), path)
    }
}
