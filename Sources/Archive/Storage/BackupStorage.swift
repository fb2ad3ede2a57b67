public import Model

/// A place that keeps objects: a directory, a bucket.
///
/// An object appears whole or not at all, and is never overwritten. Bytes go into a staging file on a local disk first,
/// where they can be verified, and are then published under a key; what is not published leaves nothing behind. Every
/// implementation passes `BackupStorageConformance`.
///
/// The calls run wherever they are called from and may block there, so nobody calls them but `BackupArchive` and
/// `BackupPipeline`, which have threads for that. All throw `ArchiveError`.
public protocol BackupStorage: Sendable {
    /// The place as a person knows it, for messages: `directory /var/backups/etcd`.
    var location: String { get }

    /// Where an object is, in the form in which a person would look for it there: a path, a URL.
    func address(of key: ObjectKey) -> String

    /// Opens a staging file for an object of a key.
    ///
    /// - Throws: `ArchiveError` with the code `exists` if there is an object of that key.
    func stage(_ key: ObjectKey) async throws -> StagingFile

    /// Makes a staged file the object of a key, durably: once this returns, a loss of power does not take it away.
    ///
    /// - Throws: `ArchiveError` with the code `exists` if somebody else published that key meanwhile.
    func publish(_ file: StagingFile, as key: ObjectKey) async throws -> StoredObject

    /// The bytes of an object.
    ///
    /// - Throws: `ArchiveError` with the code `notFound`, here or at the first piece.
    func read(_ key: ObjectKey) async throws -> ByteStream

    /// All objects below a prefix, at any depth, in the order of their keys; an empty prefix is everything.
    func list(below prefix: ObjectKey) async throws -> [StoredObject]

    /// Removes an object, durably.
    ///
    /// - Throws: `ArchiveError` with the code `notFound` if there is none, `locked` if the storage itself keeps it.
    func delete(_ key: ObjectKey) async throws

    /// Until when the storage itself refuses to delete an object, whoever asks; nil if it does not.
    ///
    /// - Throws: `ArchiveError` with the code `notFound` if there is no such object.
    func keptUntil(_ key: ObjectKey) async throws -> Timestamp?

    /// The path of the object as a file of this machine; nil if it has to be fetched.
    func localPath(of key: ObjectKey) async throws -> String?

    /// Removes what interrupted writers left below a prefix, and returns how many things that were.
    ///
    /// A writer that is still at work, here or on another machine, is not disturbed.
    func removeLeftovers(below prefix: ObjectKey) async throws -> Int
}

extension BackupStorage {
    /// Nothing: most storages keep no object against their owner.
    public func keptUntil(_ key: ObjectKey) async throws -> Timestamp? { nil }
}

/// An object as a listing shows it.
public struct StoredObject: Sendable, Hashable {
    /// The key.
    public let key: ObjectKey
    /// The size in bytes.
    public let byteCount: Int
    /// When it was last written.
    public let modified: Timestamp

    /// Makes a line of a listing.
    public init(key: ObjectKey, byteCount: Int, modified: Timestamp) {
        self.key = key
        self.byteCount = byteCount
        self.modified = modified
    }
}
