import Crypto
import Glibc
public import Model
import Synchronization
public import Transport

/// A storage that keeps every object in a bucket of an S3-compatible object storage.
///
/// Objects are staged as files of this machine and then go up, in one request or in parts; S3 shows an object only when
/// all of it has arrived. Two writers of one key are kept apart by conditional requests (`If-None-Match: *`) where the
/// server knows them. Where it does not, the key is looked at just before it is written, which leaves a window of
/// milliseconds; only writers of the very same backup could meet in it.
public struct S3Storage: BackupStorage {
    let client: S3Client
    /// The directory below which files are staged for this place.
    let staging: String
    /// Whether the server is known not to know conditional requests.
    let lacksConditions = SharedFlag()
    /// Whether the bucket is known to want a `Content-MD5` with every body.
    let wantsMD5 = SharedFlag()

    /// The header field with what tells one writer's object from another's.
    static let tokenField = "x-amz-meta-lodestone-token"

    /// Uses a place.
    ///
    /// - Parameters:
    ///   - place: where the objects are.
    ///   - stagingDirectory: a directory of this machine, absolute, for files on their way; it is made when needed.
    ///   - engine: the loop over which the server is reached.
    ///   - options: sizes and time limits.
    public init(_ place: S3Place, stagingDirectory: String, engine: HTTPEngine, options: S3Options = S3Options()) {
        client = S3Client(place, engine: engine, options: options)
        let digest = SHA256.hash("\(place.endpoint.url) \(place.bucket) \(place.prefix)")
        staging = "\(stagingDirectory)/\(Hex.encode(digest.prefix(8)))"
    }

    var place: S3Place { client.place }
    var options: S3Options { client.options }

    /// The place, for messages.
    public var location: String { place.location }

    /// The object's `s3://` address.
    public func address(of key: ObjectKey) -> String { place.address(of: key.description) }

    /// Opens a file in the staging directory, after a look at whether the key is free.
    ///
    /// - Throws: `ArchiveError`.
    public func stage(_ key: ObjectKey) async throws -> StagingFile {
        guard try await !exists(key) else { throw alreadyThere(key) }
        let directory = ([staging] + key.directory).joined(separator: "/")
        // Another writer may remove the directory as an empty one right after it was made.
        for _ in 0..<5 {
            try FileTree.makeDirectories(directory)
            do {
                return try StagingFile(in: directory, owner: "s3", root: staging)
            } catch {
                guard error.code == .notFound else { throw error }
            }
        }
        throw ArchiveError(.storageUnavailable, directory, "the directory is removed again as soon as it is made")
    }

    /// The bytes of an object; a connection that breaks on the way is made again where it broke.
    ///
    /// - Throws: `ArchiveError`.
    public func read(_ key: ObjectKey) async throws -> ByteStream {
        let download = S3Download(client: client, name: place.name(of: key), subject: subject(key))
        try await download.begin()
        return ByteStream { try await download.next() }
    }

    /// All objects below a prefix whose names a key can have.
    ///
    /// - Throws: `ArchiveError`.
    public func list(below prefix: ObjectKey) async throws -> [StoredObject] {
        try await telling(location) {
            let own = place.beginning(below: prefix)
            let root = place.prefix.isEmpty ? "" : place.prefix + "/"
            let listing = S3Listing(client: client)
            return try await listing.objects(below: own).compactMap { object in
                guard object.name.hasPrefix(root) else { return nil }
                let names = object.name.dropFirst(root.count).split(separator: "/", omittingEmptySubsequences: false)
                // What has a name that no key can have was put there by somebody else.
                guard let key = try? ObjectKey(names.map(String.init)), key.isBelow(prefix) else { return nil }
                return StoredObject(key: key, byteCount: object.byteCount, modified: object.modified)
            }.sorted { $0.key < $1.key }
        }
    }

    /// Removes an object, unless an object lock keeps it.
    ///
    /// In a bucket with versions this hides the object and leaves its older versions to the bucket's own rules.
    ///
    /// - Throws: `ArchiveError` with the code `locked` if the object is kept.
    public func delete(_ key: ObjectKey) async throws {
        try await telling(subject(key)) {
            // S3 deletes what is not there without a word, and in a bucket with versions also what is locked.
            guard let head = try await client.head(place.name(of: key)) else {
                throw ArchiveError(.notFound, subject(key), "there is no such object")
            }
            if let lock = ObjectLock(head), lock.holds(at: .now) {
                throw ArchiveError(.locked, subject(key), lock.description)
            }
            do {
                _ = try await client.send(S3Request("DELETE", place.name(of: key)))
            } catch let failure as S3Failure where failure.isNotFound {
                // Somebody else was quicker; it is gone.
            }
        }
    }

    /// The end of the object's lock; tomorrow for a legal hold, which ends when somebody lifts it.
    ///
    /// - Throws: `ArchiveError`.
    public func keptUntil(_ key: ObjectKey) async throws -> Timestamp? {
        try await telling(subject(key)) {
            guard let head = try await client.head(place.name(of: key)) else {
                throw ArchiveError(.notFound, subject(key), "there is no such object")
            }
            guard let lock = ObjectLock(head), lock.holds(at: .now) else { return nil }
            return lock.isHeld ? max(lock.until ?? .now, .now + .seconds(86_400)) : lock.until
        }
    }

    /// Nothing: objects have to be fetched.
    public func localPath(of key: ObjectKey) async throws -> String? { nil }

    // MARK: What the parts of this type share

    /// An object as messages name it.
    func subject(_ key: ObjectKey) -> String { "\(address(of: key)) at \(place.endpoint.url)" }

    /// Whether there is an object, by a listing, whose refusals say why.
    func exists(_ key: ObjectKey) async throws -> Bool {
        try await telling(subject(key)) {
            let name = place.name(of: key)
            return try await S3Listing(client: client).first(below: name) == name
        }
    }

    func alreadyThere(_ key: ObjectKey) -> ArchiveError {
        ArchiveError(.exists, subject(key), "there is such an object already")
    }

    /// Puts failures of requests into the words of the archive.
    func telling<Result>(_ subject: String, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let failure as S3Failure {
            throw failure.archiveError(subject, in: place)
        }
    }
}

/// Something a storage learns about its server, shared by all copies of the storage.
final class SharedFlag: Sendable {
    private let state = Atomic<Bool>(false)

    /// Whether it is so.
    var isSet: Bool { state.load(ordering: .relaxed) }

    /// It is so.
    func set() { state.store(true, ordering: .relaxed) }
}
