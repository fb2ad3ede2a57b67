import Glibc
import Model
import TestSupport
import Testing
import Threads

@testable import Store

@Suite(.timeLimit(.minutes(5)))
struct SealingTests {
    private let scratch = ScratchDirectory()
    private let texts = ["hunter2-first", "hunter2-second", "hunter2-third"]

    private func values(in store: RecordStore) async throws -> [String: String] {
        let secrets = try await store.list(Secret.self)
        return Dictionary(uniqueKeysWithValues: secrets.map { ($0.metadata.name, $0.text("password") ?? "") })
    }

    private func text(_ id: RecordID, in store: RecordStore) async throws -> String? {
        try await store.get(id).decoded(as: Secret.self).text("password")
    }

    @Test(
        "No file of the data directory holds a value at any moment of a secret's life, nor does a copy of the database")
    func nothingInClear() async throws {
        let directory = try scratch.path
        let options = try scratch.options()
        var store = try await scratch.open()
        func expectNothing(_ comment: Comment) throws {
            #expect(try SealedSecret.files(below: directory, holding: texts) == [], comment)
        }
        var watch = store.watch(RecordQuery(Secret.kind), from: .present).makeAsyncIterator()
        try await store.create(SealedSecret.record("a", texts[0]))
        try expectNothing("created, in the log")
        #expect(try await watch.next()?.summary == "added a")
        #expect(try await watch.next()?.summary == "complete")
        try await store.update(SealedSecret.record("a", texts[1]))
        try expectNothing("updated")
        do {
            // What `sqlite3 store.db .backup` and `VACUUM INTO` make.
            let guest = try SQLiteConnection(path: options.path, mode: .read)
            try guest.execute("VACUUM INTO '\(directory)/copy.db'")
        }
        try expectNothing("copied")
        #expect(try await text(SealedSecret.id("a"), in: store) == texts[1])
        try await store.delete(SealedSecret.record("a", texts[1]))
        try expectNothing("deleted")
        try await store.create(SealedSecret.record("b", texts[2]))
        await store.close()
        try expectNothing("closed")
        _ = try options.keys.rotate(at: .now)
        store = try await scratch.open()
        #expect(store.sealing.rows > 0 && store.sealing.isSwept)
        try expectNothing("rotated")
        #expect(try await values(in: store) == ["b": texts[2]])
        // The history of before the change of keys is readable too.
        var log = store.watch(RecordQuery(Secret.kind), from: .after(0)).makeAsyncIterator()
        var told: [String] = []
        for _ in 0..<4 { told.append(try await log.next()?.summary ?? "") }
        #expect(told == ["added a", "modified a", "deleted a", "added b"])
        await store.close()
    }

    @Test("Records of other kinds stay readable for whoever looks into the file")
    func othersInClear() async throws {
        let store = try await scratch.open()
        try await store.create(Widget("hunter2-first"))
        await store.close()
        #expect(
            try SealedSecret.files(below: try scratch.path, holding: texts).map { String($0.suffix(8)) } == ["store.db"]
        )
    }

    @Test("A store of an older program is sealed as it is opened, and nothing readable is left in its file")
    func older() async throws {
        let options = try scratch.options()
        var store = try await scratch.open()
        for (index, text) in texts.enumerated() { try await store.create(SealedSecret.record("s\(index)", text)) }
        try await store.update(SealedSecret.record("s0", texts[1]))
        try await store.delete(SealedSecret.record("s2", texts[2]))
        try await store.create(Widget("w"))
        await store.close()
        try SealedSecret.unseal(options)
        #expect(try SealedSecret.files(below: try scratch.path, holding: texts) == [options.path])
        store = try await scratch.open()
        // Two records; five changes of secrets.
        #expect(store.sealing == SealingReport(rows: 7, isSwept: true))
        #expect(try SealedSecret.files(below: try scratch.path, holding: texts) == [])
        #expect(try await values(in: store) == ["s0": texts[1], "s1": texts[1]])
        #expect(try await store.list(Widget.self).count == 1)
        await store.close()
        store = try await scratch.open()
        #expect(store.sealing == SealingReport())
        await store.close()
    }

    @Test("A store kept from being swept is swept at the next opening")
    func sweptLater() async throws {
        let options = try scratch.options()
        var store = try await scratch.open()
        try await store.create(SealedSecret.record("a", texts[0]))
        await store.close()
        try SealedSecret.unseal(options)
        do {
            // A guest in the middle of reading keeps the log from being emptied.
            let guest = try SQLiteConnection(path: options.path, mode: .read)
            try guest.execute("PRAGMA journal_mode; BEGIN; SELECT count(*) FROM records")
            store = try await scratch.open()
            #expect(store.sealing == SealingReport(rows: 2, isSwept: false))
            #expect(try await values(in: store) == ["a": texts[0]])
            await store.close()
        }
        store = try await scratch.open()
        #expect(store.sealing == SealingReport(rows: 0, isSwept: true))
        #expect(try SealedSecret.files(below: try scratch.path, holding: texts) == [])
        await store.close()
    }

    /// What somebody does to the rows of a closed store.
    enum Tampering: String, CaseIterable {
        case swapped = "UPDATE records SET document = (SELECT document FROM records WHERE name = 'b') WHERE name = 'a'"
        case older = "UPDATE records SET document = (SELECT document FROM changes WHERE name = 'a') WHERE name = 'a'"
        case flipped = """
            UPDATE records SET document = CAST(substr(document, 1, 60) || x'00' || substr(document, 62) AS BLOB)
            WHERE name = 'a'
            """
        case cut = "UPDATE records SET document = substr(document, 1, length(document) - 1) WHERE name = 'a'"
        case renamed = "UPDATE records SET name = 'c' WHERE name = 'b'; UPDATE records SET name = 'b' WHERE name = 'a'"
        case clear = """
            UPDATE records SET document = CAST('{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}' AS BLOB)
            WHERE name = 'a'
            """
    }

    @Test("A row that is not what was sealed for it is refused, and the others are read", arguments: Tampering.allCases)
    func tampered(_ tampering: Tampering) async throws {
        let options = try scratch.options()
        var store = try await scratch.open()
        try await store.create(SealedSecret.record("a", texts[0]))
        try await store.create(SealedSecret.record("b", texts[1]))
        try await store.update(SealedSecret.record("a", texts[2]))
        try await store.create(SealedSecret.record("d", texts[2]))
        await store.close()
        do {
            let connection = try SQLiteConnection(path: options.path, mode: .write)
            try connection.execute(tampering.rawValue)
        }
        if tampering == .clear {
            // What is in clear where all is sealed was put there; it is not taken over by sealing it.
            let error = await #expect(throws: StoreError.self) { _ = try await scratch.open() }
            #expect(error?.description.contains("is not sealed") == true)
            return
        }
        store = try await scratch.open()
        let victim = SealedSecret.id(tampering == .renamed ? "b" : "a")
        let error = await #expect(throws: StoreError.self) { _ = try await store.get(victim) }
        guard case .corrupt(options.path, let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("is not what was sealed there"))
        #expect(!reason.contains("hunter2"))
        #expect(try await text(SealedSecret.id("d"), in: store) == texts[2])
        await store.close()
    }

    @Test("A history entry put into another's place is refused")
    func tamperedHistory() async throws {
        let options = try scratch.options()
        var store = try await scratch.open()
        try await store.create(SealedSecret.record("a", texts[0]))
        try await store.create(SealedSecret.record("b", texts[1]))
        await store.close()
        do {
            let connection = try SQLiteConnection(path: options.path, mode: .write)
            try connection.execute(
                "UPDATE changes SET document = (SELECT document FROM changes WHERE name = 'b') WHERE name = 'a'")
        }
        store = try await scratch.open()
        var log = store.watch(RecordQuery(Secret.kind), from: .after(0)).makeAsyncIterator()
        await #expect(throws: StoreError.self) { _ = try await log.next() }
        await store.close()
    }
}
