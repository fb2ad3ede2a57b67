import Etcd
import Threads

/// What happened to a cluster between its backups, in a storage: segments of whole revisions, beside the backups of the
/// same life of the cluster.
///
/// A segment is published whole, under a name that tells the revisions it holds, and is never changed. So the log is
/// what the names say: it goes from a backup as far as segments follow each other without a gap.
public struct ChangeLog: Sendable {
    /// The name of the place beside the backups.
    static let place = "log"
    /// No segment is made larger by far; a reader takes no more than this.
    private static let segmentLimit = 256 << 20

    /// The life of the cluster.
    public let cluster: ClusterIncarnation
    private let storage: any BackupStorage
    private let form: StoredForm
    private let keys: BackupKeyring?

    /// The log of one life of a cluster in a storage.
    ///
    /// New segments are stored in `form`; those that are sealed need `keys` to be read.
    public init(
        of cluster: ClusterIncarnation, in storage: any BackupStorage, form: StoredForm = StoredForm(),
        keys: BackupKeyring? = nil
    ) {
        self.cluster = cluster
        self.storage = storage
        self.form = form
        self.keys = keys
    }

    /// All segments there are, in order.
    ///
    /// - Throws: `ArchiveError`.
    public func segments() async throws -> [LogSegmentName] { try await objects().keys.sorted() }

    /// Where the segments are, which may have been stored in different forms.
    func objects() async throws -> [LogSegmentName: ObjectKey] {
        let (storage, place) = (storage, try place())
        let keys = try await BlockingTask.run { try await storage.list(below: place).map(\.key) }
        let named = keys.compactMap { key in
            key.components.last.flatMap { LogSegmentName(objectName: $0) }.map { ($0, key) }
        }
        return Dictionary(named) { first, _ in first }
    }

    /// How far the log leads from a revision without a gap; the revision itself if nothing follows it.
    ///
    /// - Throws: `ArchiveError`.
    public func reach(behind revision: Int64) async throws -> Int64 {
        LogSegmentName.reach(try await segments(), from: revision)
    }

    /// Stores a segment; one that is there already is left as it is, since nothing else can be in it.
    ///
    /// - Throws: `ArchiveError`.
    public func store(_ name: LogSegmentName, _ bytes: [UInt8]) async throws {
        let (storage, form) = (storage, form)
        let key = try place().appending(name.description + form.suffix)
        try await BlockingTask.run {
            do {
                let file = try await storage.stage(key)
                defer { file.discard() }
                let writer = FormWriter(form, identity: key.description, into: file)
                try bytes.withUnsafeBytes { try writer.write($0) }
                _ = try writer.finish()
                _ = try await storage.publish(file, as: key)
            } catch let error as ArchiveError where error.code == .exists {
                // The attempt whose answer was lost had succeeded.
            }
        }
    }

    /// Reads and proves a segment.
    ///
    /// - Throws: `ArchiveError` with the code `contradiction` if it is damaged or another cluster's.
    func read(_ name: LogSegmentName, at key: ObjectKey) async throws -> LogSegment {
        let (storage, cluster, keys) = (storage, cluster, keys)
        return try await BlockingTask.run {
            let stored = try await storage.read(key).collect(upTo: Self.segmentLimit, of: key.description)
            let plain = try LogSegment.plain(stored, of: key, keys: keys, limit: Self.segmentLimit)
            let segment = try LogSegment(bytes: plain, as: name)
            guard segment.incarnation == cluster.incarnation else {
                throw ArchiveError(
                    .contradiction, "segment \(name) of the change log",
                    "it is of incarnation \(segment.incarnation), not of \(cluster)")
            }
            return segment
        }
    }

    /// Removes the segments that no backup needs: those that end at or before a revision.
    ///
    /// - Returns: how many that were.
    /// - Throws: `ArchiveError`; segments removed until then stay removed.
    @discardableResult
    public func remove(through revision: Int64) async throws -> Int {
        let storage = storage
        let old = try await objects().filter { $0.key.through <= revision }.sorted { $0.key < $1.key }.map(\.value)
        try await BlockingTask.run {
            for key in old { try await storage.delete(key) }
        }
        return old.count
    }

    private func place() throws(ArchiveError) -> ObjectKey { try cluster.key().appending(Self.place) }
}
