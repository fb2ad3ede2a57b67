import Archive
import Etcd
import Model
import Threads

/// What `lodestone snapshot inspect` found.
struct SnapshotReport: Structure {
    /// Whether the bytes are those that were saved.
    enum Checksum: String, Choice {
        /// The SHA-256 behind the database is that of its bytes.
        case right
        /// It is not.
        case wrong
        /// There is none, as in a member's own file.
        case none
    }

    var file = ""
    var size = ByteCount(0)
    var checksum = Checksum.none
    var compressed = false
    var keyID = ""
    var etcdVersion = ""
    var clusterVersion = ""
    var storageVersion = ""
    var revision: Int64 = 0
    var compactRevision: Int64?
    var keys = 0
    var records = 0
    var tombstones = 0
    var versionGaps = 0
    var inUse = ByteCount(0)
    var leases = 0
    var authEnabled = false
    var users = 0
    var roles = 0
    var hashKV: Int64 = 0
    var raftIndex: Int64 = 0
    var alarms: [String] = []
    var members: [SnapshotMember] = []
    var prefixes: [SnapshotPrefix] = []
    var largestKeys: [SnapshotKey] = []

    init() {}

    static let fields: [Field<SnapshotReport>] = [
        Field("file", \.file, "The file."),
        Field("size", \.size, "The size of the plain database with its checksum."),
        Field("checksum", \.checksum, "Whether the bytes are those that were saved: right, wrong or none."),
        Field("compressed", \.compressed, "Whether the file is compressed."),
        Field("keyID", \.keyID, "The name of the key the file is encrypted with."),
        Field("etcdVersion", \.etcdVersion, "The version of the member, as the manifest beside the file says."),
        Field("clusterVersion", \.clusterVersion, "The version all members agreed on."),
        Field("storageVersion", \.storageVersion, "The version of the storage format, from etcd 3.6 on."),
        Field("revision", \.revision, "The latest revision."),
        Field("compactRevision", \.compactRevision, "The revision up to which history is compacted."),
        Field("keys", \.keys, "The number of keys at the latest revision."),
        Field("records", \.records, "The number of versions of keys, tombstones included."),
        Field("tombstones", \.tombstones, "The number of tombstones."),
        Field("versionGaps", \.versionGaps, "The number of records that do not continue the version before them."),
        Field("inUse", \.inUse, "The bytes in pages that hold data; a defragmentation would free the rest."),
        Field("leases", \.leases, "The number of leases."),
        Field("authEnabled", \.authEnabled, "Whether requests need a user."),
        Field("users", \.users, "The number of users."),
        Field("roles", \.roles, "The number of roles."),
        Field("hashKV", \.hashKV, "etcd's HashKV at the latest revision."),
        Field("raftIndex", \.raftIndex, "The raft index of the last entry applied."),
        Field("alarms", \.alarms, "The alarms that are raised."),
        Field("members", \.members, "The members of the cluster."),
        Field("prefixes", \.prefixes, "Keys and bytes below each prefix."),
        Field("largestKeys", \.largestKeys, "The largest keys."),
    ]

    /// Reads all figures, on a thread of its own.
    static func read(
        _ snapshot: SnapshotFile, file: String, depth: Int, prefixes: Int, largest: Int
    ) async throws -> SnapshotReport {
        try await BlockingTask.run {
            let database = snapshot.database
            var report = SnapshotReport()
            report.file = file
            report.checksum = try Self.checksum(of: database)
            report.compressed = snapshot.isCompressed
            report.keyID = snapshot.keyID ?? ""
            report.etcdVersion = snapshot.manifest?.etcdVersion ?? ""
            let rule = snapshot.manifest.map { TombstoneRule(etcdVersion: $0.etcdVersion) } ?? .hashed
            report.add(try database.summary(tombstones: rule))
            let profile = try database.profile(depth: depth, largestCount: largest)
            report.prefixes = profile.prefixes.prefix(prefixes).map { SnapshotPrefix($0) }
            report.largestKeys = profile.largest.map { SnapshotKey($0) }
            return report
        }
    }

    private static func checksum(of database: DatabaseFile) throws(DatabaseError) -> Checksum {
        guard database.trailer != nil else { return .none }
        do throws(DatabaseError) {
            try database.verifyTrailer()
            return .right
        } catch {
            guard error.code == .trailerMismatch else { throw error }
            return .wrong
        }
    }

    private mutating func add(_ summary: DatabaseSummary) {
        size = ByteCount(Int64(summary.byteCount))
        clusterVersion = summary.clusterVersion ?? ""
        storageVersion = summary.storageVersion ?? ""
        revision = summary.revision
        compactRevision = summary.compactRevision
        keys = summary.liveKeys
        records = summary.records
        tombstones = summary.tombstones
        versionGaps = summary.versionGaps
        inUse = ByteCount(Int64(summary.bytesInUse))
        leases = summary.leases
        authEnabled = summary.authEnabled
        users = summary.users
        roles = summary.roles
        hashKV = Int64(summary.hash.hash)
        raftIndex = Int64(clamping: summary.consistentIndex)
        alarms = summary.alarms.map { alarm in
            let kind =
                switch alarm.kind {
                case .noSpace: "NOSPACE"
                case .corrupt: "CORRUPT"
                case .other(let number): "alarm \(number)"
                }
            return "\(kind) of member \(String(alarm.memberID, radix: 16))"
        }
        members = summary.members.map { SnapshotMember($0) }
    }
}
