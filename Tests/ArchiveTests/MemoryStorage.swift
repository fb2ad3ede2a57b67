import Archive
import Model
import Synchronization
import TestSupport

/// A storage in memory: the second implementation, which shows that the contract does not ask for a directory.
final class MemoryStorage: BackupStorage {
    private struct Object {
        var bytes: [UInt8]
        var modified: Timestamp
    }

    /// What was done, in order, such as `delete default/orders/...`.
    private let log = Mutex<[String]>([])
    private let objects = Mutex<[ObjectKey: Object]>([:])
    private let staging: TemporaryDirectory

    init() throws {
        staging = try TemporaryDirectory("staging")
    }

    let location = "memory"
    func address(of key: ObjectKey) -> String { "memory/\(key)" }
    var operations: [String] { log.withLock { $0 } }
    var stagedFiles: [String] { directoryEntries(staging.path) }

    func stage(_ key: ObjectKey) async throws -> StagingFile {
        guard objects.withLock({ $0[key] }) == nil else { throw ArchiveError(.exists, "memory, \(key)", "it exists") }
        return try StagingFile(in: staging.path, owner: "memory")
    }

    func publish(_ file: StagingFile, as key: ObjectKey) async throws -> StoredObject {
        let object = Object(bytes: try readFile(file.path), modified: .now)
        let isNew = objects.withLock { objects in
            if objects[key] != nil { return false }
            objects[key] = object
            return true
        }
        guard isNew else { throw ArchiveError(.exists, "memory, \(key)", "it exists") }
        log.withLock { $0.append("publish \(key.components.suffix(2).joined(separator: "/"))") }
        file.discard()
        return StoredObject(key: key, byteCount: object.bytes.count, modified: object.modified)
    }

    func read(_ key: ObjectKey) async throws -> ByteStream {
        guard let object = objects.withLock({ $0[key] }) else { throw missing(key) }
        let rest = Holder(object.bytes)
        return ByteStream { rest.take(100_000) }
    }

    func list(below prefix: ObjectKey) async throws -> [StoredObject] {
        objects.withLock { objects in
            objects.filter { $0.key.isBelow(prefix) }
                .map { StoredObject(key: $0.key, byteCount: $0.value.bytes.count, modified: $0.value.modified) }
                .sorted { $0.key < $1.key }
        }
    }

    func delete(_ key: ObjectKey) async throws {
        guard objects.withLock({ $0.removeValue(forKey: key) }) != nil else { throw missing(key) }
        log.withLock { $0.append("delete \(key.components.suffix(2).joined(separator: "/"))") }
    }

    func localPath(of key: ObjectKey) async throws -> String? { nil }

    func removeLeftovers(below prefix: ObjectKey) async throws -> Int { 0 }

    /// Puts something there as if it had been there for a while.
    func plant(_ bytes: [UInt8], at key: ObjectKey, age: Duration = .zero) {
        objects.withLock { $0[key] = Object(bytes: bytes, modified: .now - age) }
    }

    private func missing(_ key: ObjectKey) -> ArchiveError { ArchiveError(.notFound, "memory, \(key)", "not there") }
}

/// Bytes that are handed out from the front.
private final class Holder: Sendable {
    private let rest: Mutex<ArraySlice<UInt8>>

    init(_ bytes: [UInt8]) {
        rest = Mutex(bytes[...])
    }

    func take(_ count: Int) -> [UInt8]? {
        rest.withLock { rest in
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }
}
