import Etcd
import Threads

/// The proof that the database of a restored member is the one its backup holds; read from the file, no member asked.
public struct RestoredDatabase: Sendable {
    /// The member, for messages.
    public var member: String
    /// The path of its `snap/db`; no process may be running on it.
    public var path: String
    /// The figures it must have.
    public var expected: Figures

    /// What a restore must keep, as the manifest of the backup has it.
    public struct Figures: Sendable, Equatable {
        /// The latest revision.
        public var revision: Int64
        /// The revision up to which history is compacted; nil if it never was.
        public var compactRevision: Int64?
        /// The number of live keys.
        public var liveKeys: Int64
        /// The number of leases.
        public var leases: Int64
        /// Whether requests need a user.
        public var authEnabled: Bool
        /// etcd's HashKV at the revision.
        public var hashKV: Int64
        /// The version that the hash is comparable with.
        public var etcdVersion: String

        /// Gathers figures.
        public init(
            revision: Int64, compactRevision: Int64?, liveKeys: Int64, leases: Int64, authEnabled: Bool, hashKV: Int64,
            etcdVersion: String
        ) {
            self.revision = revision
            self.compactRevision = compactRevision
            self.liveKeys = liveKeys
            self.leases = leases
            self.authEnabled = authEnabled
            self.hashKV = hashKV
            self.etcdVersion = etcdVersion
        }
    }

    /// Describes a member's database.
    public init(member: String, path: String, expected: Figures) {
        self.member = member
        self.path = path
        self.expected = expected
    }

    /// Proves a database that no member has run on since it was restored: every figure must be equal.
    ///
    /// How many old versions it holds is not compared: restoring finishes a compaction that was under way.
    ///
    /// - Throws: `ArchiveError` with the code `contradiction` if a figure differs.
    public func proveFresh() async throws {
        try await BlockingTask.run {
            let summary = try read { file, rule throws(DatabaseError) in try file.summary(tombstones: rule) }
            try require("revision", expected.revision, summary.revision)
            try require("live keys", expected.liveKeys, Int64(summary.liveKeys))
            try require("leases", expected.leases, Int64(summary.leases))
            try require("auth", expected.authEnabled ? 1 : 0, summary.authEnabled ? 1 : 0)
            try require(summary.hash)
        }
    }

    /// Proves a database that a member has run on since: at the backup's revision it must hold what the backup holds.
    ///
    /// Leases may have ended since, which moves the revision and takes their keys away; what is proven is older.
    ///
    /// - Throws: `ArchiveError` with the code `contradiction` if the hash differs.
    public func proveUsed() async throws {
        try await BlockingTask.run {
            try require(
                try read { file, rule throws(DatabaseError) in
                    try file.hashKV(at: expected.revision, tombstones: rule)
                })
        }
    }

    private func read<Result>(
        _ body: (DatabaseFile, TombstoneRule) throws(DatabaseError) -> Result
    ) throws -> Result {
        do throws(DatabaseError) {
            return try body(try DatabaseFile(path: path), TombstoneRule(etcdVersion: expected.etcdVersion))
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            throw ArchiveError(error, "the restored database of \(member)")
        }
    }

    private func require(_ hash: KeyspaceHash) throws(ArchiveError) {
        try require("compact revision", expected.compactRevision ?? -1, hash.compactRevision)
        try require("HashKV", expected.hashKV, Int64(hash.hash))
    }

    private func require(_ what: String, _ wanted: Int64, _ found: Int64) throws(ArchiveError) {
        guard wanted == found else {
            throw ArchiveError(
                .contradiction, "the restored database of \(member)",
                "the backup has \(what) \(wanted), the file has \(found)")
        }
    }
}
