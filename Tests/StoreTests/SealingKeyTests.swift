import Glibc
import Model
import TestSupport
import Testing
import Threads

@testable import Store

@Suite(.timeLimit(.minutes(Soak.isLong ? 60 : 5)))
struct SealingKeyTests {
    private let scratch = ScratchDirectory()

    /// A closed store with some secrets.
    private func fill(_ count: Int = 3) async throws -> StoreOptions {
        let store = try await scratch.open()
        for index in 0..<count { try await store.create(SealedSecret.record("s\(index)", "hunter2-\(index)")) }
        await store.close()
        return try scratch.options()
    }

    @Test("The key file is made at the first opening, for its owner alone")
    func made() async throws {
        let options = try await fill()
        var status = stat()
        #expect(stat(options.keys.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(stat("\(options.directory)/keys", &status) == 0 && status.st_mode & 0o777 == 0o700)
        #expect(try options.keys.keys()?.count == 1)
    }

    @Test("A store without confidential kinds needs no keys")
    func notNeeded() async throws {
        let options = try scratch.options { $0.kinds = [Namespace.kind, Widget.kind] }
        await (try await RecordStore.open(options)).close()
        #expect(access(options.keys.path, F_OK) != 0)
    }

    /// What became of the key file.
    enum Loss: CaseIterable {
        case gone, otherKey, emptied, readableByOthers, torn, wrongName
    }

    @Test("Without its keys a store is not opened, and left as it is", arguments: Loss.allCases)
    func lost(_ loss: Loss) async throws {
        let options = try await fill()
        let path = options.keys.path
        let good = try readBytes(path)
        let key = try #require(try options.keys.keys()?.first)
        let text = String(decoding: good, as: UTF8.self)
        let last: Character = text.dropLast().last == "0" ? "1" : "0"
        switch loss {
        case .gone: unlink(path)
        case .otherKey:
            unlink(path)
            _ = try options.keys.keysOrFresh(at: .now)
        case .emptied: try writeBytes([], to: path)
        case .readableByOthers: chmod(path, 0o644)
        case .torn: try writeBytes(Array(good.dropLast(20)), to: path)
        case .wrongName: try writeBytes(Array((text.dropLast(2) + "\(last)\n").utf8), to: path)
        }
        let database = try readBytes(options.path)
        let error = await #expect(throws: StoreError.self) { _ = try await scratch.open() }
        let sentence = error?.description ?? ""
        #expect(sentence.contains(path))
        if [.gone, .otherKey].contains(loss) { #expect(sentence.contains("key \(key.id), which is not in")) }
        // No message shows a key.
        for word in text.split(whereSeparator: \.isWhitespace) where word.count == 64 {
            #expect(!sentence.contains(word.prefix(20)))
        }
        #expect(try readBytes(options.path) == database)
        if loss == .gone { #expect(access(path, F_OK) != 0, "a fresh key would hide that the right one is missing") }
        try writeBytes(good, to: path)
        chmod(path, 0o600)
        let store = try await scratch.open()
        #expect(try await store.list(Secret.self).count == 3)
        await store.close()
    }

    @Test("After a change of keys everything is under the new key, and the old one can go")
    func rotation() async throws {
        let options = try await fill(600)
        let first = try #require(try options.keys.keys()?.first)
        let keys = try options.keys.rotate(at: .now)
        #expect(keys.count == 2 && keys[1] == first)
        // Not yet used, the old key is needed.
        #expect(try RecordStore.pruneKeys(options).removed.isEmpty)
        var store = try await scratch.open()
        #expect(store.sealing == SealingReport(rows: 1200, isSwept: true))
        // A controller that runs could use any key.
        #expect(throws: StoreError.self) { try RecordStore.pruneKeys(options) }
        await store.close()
        let (left, removed) = try RecordStore.pruneKeys(options)
        #expect(left == [keys[0]] && removed == [first])
        #expect(try options.keys.keys() == [keys[0]])
        store = try await scratch.open()
        #expect(store.sealing == SealingReport())
        #expect(try await store.list(Secret.self).count == 600)
        await store.close()
    }

    @Test("Keys changed by many at once are all kept")
    func concurrentRotation() async throws {
        let options = try await fill()
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<8 { group.addTask { @concurrent in _ = try options.keys.rotate(at: .now) } }
        }
        #expect(try options.keys.keys()?.count == 9)
    }

    @Test("Killed at any moment of sealing anew, the next opening goes on, and nothing is lost or left in clear")
    func killed() async throws {
        let options = try await fill(150)
        for round in 0..<Soak.rounds(4, long: 60) {
            // Every other round begins with a file of an older program.
            if round.isMultiple(of: 2) {
                try SealedSecret.unseal(options)
            } else {
                _ = try options.keys.rotate(at: .now)
            }
            for _ in 0..<2 {
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [directory = options.directory as String] in
                    let delay = UInt32.random(in: 0...60_000)
                    DetachedThread.start {
                        usleep(delay)
                        kill(getpid(), SIGKILL)
                    }
                    let kinds = [Namespace.kind, Secret.kind, Event.kind, EtcdCluster.kind, Widget.kind]
                    let store = try await RecordStore.open(StoreOptions(directory: directory, kinds: kinds))
                    while true { _ = try await store.list(Secret.self) }
                }
            }
            let store = try await scratch.open()
            #expect(store.sealing.isSwept)
            let secrets = try await store.list(Secret.self)
            #expect(secrets.count == 150 && secrets.allSatisfy { $0.text("password")?.hasPrefix("hunter2-") == true })
            await store.close()
            #expect(try SealedSecret.files(below: options.directory, holding: ["hunter2-"]) == [])
        }
    }
}
