import Crypto
public import Etcd
import Model
import Threads

/// Takes a snapshot from a member to a storage: receive and hash, prove, read the figures, publish, write the manifest.
///
/// While it is received, it is brought into the form in which it is stored, compressed and sealed; for that time the
/// plain file lies in a scratch directory, where it is proven. Memory does not grow with the database, but for a few
/// tens of bytes for each live key. A backup that fails or is cancelled anywhere leaves nothing that is listed; one
/// whose process is killed leaves a hidden file, which the next backup of the cluster removes.
public struct BackupPipeline: Sendable {
    /// Where a snapshot comes from, for the manifest.
    public struct Origin: Sendable {
        /// etcd's own identity of the cluster.
        public var clusterID: UInt64
        /// The name of the member.
        public var memberName: String
        /// The ID of the member.
        public var memberID: UInt64
        /// The URL the member was reached by.
        public var endpoint: String
        /// The version the member runs.
        public var etcdVersion: String
        /// What speaks against the member's data, as a sentence; empty if nothing is known to.
        public var doubt: String

        /// Gathers what is known of a member.
        public init(
            clusterID: UInt64, memberName: String, memberID: UInt64, endpoint: String, etcdVersion: String,
            doubt: String = ""
        ) {
            self.clusterID = clusterID
            self.memberName = memberName
            self.memberID = memberID
            self.endpoint = endpoint
            self.etcdVersion = etcdVersion
            self.doubt = doubt
        }
    }

    /// How long the member may send nothing before the backup is given up.
    ///
    /// etcd ignores errors of its own disk here: it can keep a stream open, and even send empty pieces, for ever.
    public var patience: Duration
    /// The program that writes the manifest, with its version.
    public var writer: String
    /// In which form the bytes are stored.
    public var form: StoredForm

    private let storage: any BackupStorage
    private let scratch: String

    /// Makes a pipeline into a storage.
    ///
    /// What is not stored as it arrives is proven in the directory `scratch`, which needs room for the database.
    public init(
        storage: any BackupStorage, writer: String, form: StoredForm = StoredForm(), scratch: String = "/var/tmp",
        patience: Duration = .seconds(30)
    ) {
        self.storage = storage
        self.writer = writer
        self.form = form
        self.scratch = scratch
        self.patience = patience
    }

    /// Removes what a process that was killed has left in a scratch directory that no other process uses.
    ///
    /// - Throws: `ArchiveError`.
    public static func clearScratch(_ directory: String) async throws {
        try await BlockingTask.run { try ScratchFile.removeLeftovers(in: directory) }
    }

    /// Makes one backup and returns its manifest, which by then is stored.
    ///
    /// `pieces` is read on a thread of the pipeline's own. `liveHash` asks the member for its HashKV at the revision
    /// found in the file, so that the two are compared; give nil to spare the member, whose writes stand still while it
    /// computes. An answer with another compact revision proves nothing and is passed over.
    ///
    /// - Throws: `ArchiveError`; what `pieces` and `liveHash` throw; `CancellationError`.
    public func run<Pieces: AsyncSequence & Sendable>(
        _ id: BackupID, from origin: Origin, _ pieces: Pieces,
        liveHash: (@Sendable (Int64) async throws -> KeyspaceHash?)? = nil,
        progress: @escaping @Sendable (BackupProgress) -> Void = { _ in }
    ) async throws -> BackupManifest where Pieces.Element: SnapshotPiece {
        try await BlockingTask.run {
            do {
                return try await make(id, origin, pieces, liveHash, progress)
            } catch {
                // Whatever a cancelled stream or file reader called it.
                throw Task.isCancelled ? CancellationError() : error
            }
        }
    }

    private func make<Pieces: AsyncSequence & Sendable>(
        _ id: BackupID, _ origin: Origin, _ pieces: Pieces,
        _ liveHash: (@Sendable (Int64) async throws -> KeyspaceHash?)?,
        _ progress: @escaping @Sendable (BackupProgress) -> Void
    ) async throws -> BackupManifest where Pieces.Element: SnapshotPiece {
        var manifest = BackupManifest()
        manifest.started = .nowAsStored
        try await BackupClaim.require(String(origin.clusterID, radix: 16), of: id.cluster, in: storage)
        try await makeRoom(for: id)
        let object = try id.key(of: form.objectName)
        let staged = try await storage.stage(object)
        defer { staged.discard() }
        let landing = form.isPlain ? Landing.staged(staged) : .scratch(try ScratchFile(in: scratch))
        let handover = Handover<[Pieces.Element]>(capacity: Self.batches)
        async let stored = store(handover, as: object, staged)

        let digest = try await receive(pieces, into: landing, handover, id, progress)
        try digest.prove(id.description)
        // The figures are read while the last bytes are sealed and the disk takes them.
        handover.finish()
        let size = digest.byteCount
        progress(BackupProgress(phase: .verifying, received: size, expected: size))
        let summary = try summary(of: landing.path, id, origin)
        manifest.content = BackupManifest.Content(summary)
        if let live = try await liveHash?(summary.revision) {
            manifest.content.hashConfirmed = try confirm(summary.hash, by: live, id, origin)
        }
        manifest.file.size = Int64(size)
        manifest.file.sha256 = Hex.encode(digest.whole)
        manifest.file.trailer = Hex.encode(digest.trailer)
        manifest.stored.name = form.objectName
        manifest.stored.sha256 = try await stored.map { Hex.encode($0) } ?? manifest.file.sha256
        manifest.stored.size = Int64(staged.byteCount)
        manifest.stored.compression = form.compression
        manifest.stored.encryption = form.key.map { BackupManifest.Encryption(keyID: $0.id) }
        describe(&manifest, id, origin)

        progress(BackupProgress(phase: .publishing, received: size, expected: size))
        try await publish(staged, &manifest, id)
        return manifest
    }

    /// Removes what an attempt of the same name, and interrupted ones of the same cluster, have left.
    private func makeRoom(for id: BackupID) async throws {
        _ = try await storage.removeLeftovers(below: try id.cluster.key())
        let objects = try await storage.list(below: try id.key())
        guard !objects.contains(where: { $0.key.components.last == BackupID.manifestName }) else {
            throw ArchiveError(.exists, id.description, "there is such a backup already")
        }
        // Without a manifest it is no backup; only this name's own attempt can have written it.
        for object in objects { try await storage.delete(object.key) }
    }

    private func summary(of path: String, _ id: BackupID, _ origin: Origin) throws -> DatabaseSummary {
        do throws(DatabaseError) {
            // The lock is this pipeline's own.
            let file = try DatabaseFile(path: path, isLockIgnored: true)
            return try file.summary(tombstones: TombstoneRule(etcdVersion: origin.etcdVersion))
        } catch {
            throw ArchiveError(error, id.description)
        }
    }

    /// Whether the member's own hash is comparable and equal.
    private func confirm(
        _ hash: KeyspaceHash, by live: KeyspaceHash, _ id: BackupID, _ origin: Origin
    ) throws(ArchiveError) -> Bool {
        guard live.revision == hash.revision, live.compactRevision == hash.compactRevision else { return false }
        guard live.hash == hash.hash else {
            throw ArchiveError(
                .hashMismatch, id.description,
                "at revision \(hash.revision) the snapshot has the HashKV \(hash.hash), member \(origin.memberName) "
                    + "answers \(live.hash)")
        }
        return true
    }

    private func describe(_ manifest: inout BackupManifest, _ id: BackupID, _ origin: Origin) {
        manifest.name = id.name
        manifest.cluster.namespace = id.cluster.namespace
        manifest.cluster.name = id.cluster.name
        manifest.cluster.incarnation = id.cluster.incarnation
        manifest.cluster.id = String(origin.clusterID, radix: 16)
        manifest.member.name = origin.memberName
        manifest.member.id = String(origin.memberID, radix: 16)
        manifest.member.endpoint = origin.endpoint
        manifest.etcdVersion = origin.etcdVersion
        manifest.doubt = origin.doubt
        manifest.writer = writer
    }

    /// Publishes the snapshot, then the manifest; takes the snapshot back if the manifest cannot be written.
    private func publish(_ staged: StagingFile, _ manifest: inout BackupManifest, _ id: BackupID) async throws {
        let snapshot = try id.key(of: manifest.stored.name)
        try await BackupClaim.take(manifest.cluster.id, of: id.cluster, in: storage, writer: writer)
        _ = try await storage.publish(staged, as: snapshot)
        do {
            manifest.finished = .nowAsStored
            let key = try id.key(of: BackupID.manifestName)
            let file = try await storage.stage(key)
            defer { file.discard() }
            try file.append(manifest.bytes)
            _ = try await storage.publish(file, as: key)
        } catch {
            // Without its manifest it counts for nothing; what cannot be removed now, the next attempt removes.
            try? await storage.delete(snapshot)
            throw error
        }
    }
}

extension Timestamp {
    /// The present moment in whole milliseconds, as a manifest keeps it: what is returned is what is read again.
    fileprivate static var nowAsStored: Timestamp {
        let now = Timestamp.now.nanosecondsSinceEpoch
        return Timestamp(nanosecondsSinceEpoch: now - now % 1_000_000)
    }
}
