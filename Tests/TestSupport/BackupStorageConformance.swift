public import Archive

/// The contract of `BackupStorage` as checks that every implementation has to pass.
///
/// `run` works below one prefix of its own and leaves nothing there.
public struct BackupStorageConformance: Sendable {
    private let storage: any BackupStorage
    private let root: String
    private let manyObjects: Int

    /// Checks a storage; `manyObjects` should exceed what one page of its listing holds.
    public init(_ storage: any BackupStorage, manyObjects: Int = 50) {
        self.storage = storage
        self.manyObjects = manyObjects
        root = "conformance-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }

    /// Runs every check; the first broken promise is thrown as a sentence.
    public func run() async throws {
        try await contentSurvives()
        try await nothingIsVisibleBeforeItIsPublished()
        try await nothingIsOverwritten()
        try await theFirstOfTwoWritersWins()
        try await prefixesAreWholeNames()
        try await whatIsMissingIsSaidToBe()
        try await deletedIsGone()
        try await longListingsAreComplete()
        try await leftoversSpareWritersAtWork()
        for object in try await storage.list(below: key()) { try await storage.delete(object.key) }
        try require(await storage.list(below: key()).isEmpty, "after everything is deleted the listing is empty")
    }

    /// Writes an object in pieces of a size.
    public func write(_ bytes: [UInt8], to key: ObjectKey, pieces: Int = 1 << 16) async throws {
        let file = try await storage.stage(key)
        defer { file.discard() }
        var offset = 0
        while offset < bytes.count {
            let end = min(bytes.count, offset + pieces)
            try file.append(Array(bytes[offset..<end]))
            offset = end
        }
        let stored = try await storage.publish(file, as: key)
        try require(stored.key == key && stored.byteCount == bytes.count, "publishing tells key and size")
    }

    private func contentSurvives() async throws {
        for size in [0, 1, 4095, 4096, 3_000_001] {
            let key = try key("content", "size-\(size)")
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            try await write(bytes, to: key, pieces: 65_537)
            try require(await read(key) == bytes, "the \(size) bytes written are the bytes read")
            let listed = try await storage.list(below: try self.key("content")).first { $0.key == key }
            try require(listed?.byteCount == size, "the listing tells the size of \(size) bytes")
        }
    }

    private func nothingIsVisibleBeforeItIsPublished() async throws {
        let key = try key("staged", "object")
        let file = try await storage.stage(key)
        try file.append([1, 2, 3])
        try require(await storage.list(below: self.key("staged")).isEmpty, "a staged object is not listed")
        try await fails(.notFound, "reading a staged object") { _ = try await read(key) }
        file.discard()
        try require(await storage.list(below: self.key("staged")).isEmpty, "a discarded object is not listed")
        try await write([4], to: key)
    }

    private func nothingIsOverwritten() async throws {
        let key = try key("once", "object")
        try await write([1], to: key)
        try await fails(.exists, "staging an object that exists") { try await storage.stage(key).discard() }
        try require(await read(key) == [1], "an object that exists stays as it is")
    }

    private func theFirstOfTwoWritersWins() async throws {
        let key = try key("race", "object")
        let (first, second) = (try await storage.stage(key), try await storage.stage(key))
        defer { second.discard() }
        try first.append([1])
        try second.append([2])
        _ = try await storage.publish(first, as: key)
        try await fails(.exists, "publishing what another writer has published") {
            _ = try await storage.publish(second, as: key)
        }
        try require(await read(key) == [1], "the first writer's bytes stay")
    }

    private func prefixesAreWholeNames() async throws {
        for name in ["a", "a2", "a-b"] { try await write([0], to: try key("prefix", name, "object")) }
        let listed = try await storage.list(below: try key("prefix", "a")).map(\.key)
        try require(listed == [try key("prefix", "a", "object")], "a prefix means whole names, not letters")
        let all = try await storage.list(below: try key("prefix")).map(\.key)
        try require(all.count == 3 && all == all.sorted(), "a listing goes to any depth, in the order of the keys")
        try require(await storage.list(below: key("none")).isEmpty, "below what is not there is nothing")
    }

    private func whatIsMissingIsSaidToBe() async throws {
        try await fails(.notFound, "reading what is not there") { _ = try await read(try key("none", "object")) }
        try await fails(.notFound, "deleting what is not there") { try await storage.delete(try key("none", "object")) }
    }

    private func deletedIsGone() async throws {
        let key = try key("deleted", "object")
        try await write([1], to: key)
        try await storage.delete(key)
        try await fails(.notFound, "reading what was deleted") { _ = try await read(key) }
        try await fails(.notFound, "deleting twice") { try await storage.delete(key) }
        try await write([2], to: key)
        try require(await read(key) == [2], "a key can be used again after a deletion")
    }

    private func longListingsAreComplete() async throws {
        for number in 0..<manyObjects { try await write([], to: try key("many", "object-\(number)")) }
        try require(
            await storage.list(below: key("many")).count == manyObjects, "all of \(manyObjects) objects are listed")
    }

    private func leftoversSpareWritersAtWork() async throws {
        let key = try key("work", "object")
        let file = try await storage.stage(key)
        try file.append([1])
        _ = try await storage.removeLeftovers(below: try self.key())
        try file.append([2])
        _ = try await storage.publish(file, as: key)
        try require(await read(key) == [1, 2], "a writer at work is not taken for a leftover")
    }

    private func read(_ key: ObjectKey) async throws -> [UInt8] {
        try await storage.read(key).collect(upTo: 1 << 26, of: key.description)
    }

    private func key(_ names: String...) throws -> ObjectKey { try ObjectKey([root] + names) }

    private func require(_ holds: Bool, _ promise: String) throws {
        guard holds else { throw TestSupportError("\(storage.location) breaks a promise: \(promise).") }
    }

    private func fails(_ code: ArchiveError.Code, _ what: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ArchiveError where error.code == code {
            return
        } catch {
            throw TestSupportError("\(storage.location): \(what) should fail as \(code) but failed so: \(error)")
        }
        throw TestSupportError("\(storage.location): \(what) should fail as \(code) but went well.")
    }
}
