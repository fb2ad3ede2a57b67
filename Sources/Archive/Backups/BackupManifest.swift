public import Etcd
public import Model

/// What a backup holds, written as JSON beside it and after it: where there is no manifest, there is no backup.
///
/// All figures of the content are read from the file itself, never from what a server says of itself.
public struct BackupManifest: Structure {
    /// The format of this document; a reader refuses one it does not know.
    public var formatVersion = Self.currentFormat
    /// The name of the backup.
    public var name = ""
    /// The cluster it was taken of.
    public var cluster = Cluster()
    /// The member it was taken from.
    public var member = Member()
    /// The version the member ran.
    public var etcdVersion = ""
    /// The figures of the database.
    public var content = Content()
    /// The database file, as the member sent it.
    public var file = File()
    /// The stored object, which holds that file in some form.
    public var stored = Stored()
    /// When the transfer began.
    public var started = Timestamp(secondsSinceEpoch: 0)
    /// When the file was stored and proven.
    public var finished = Timestamp(secondsSinceEpoch: 0)
    /// The program that wrote it, with its version.
    public var writer = ""
    /// What spoke against the member's data when it was taken, as a sentence; empty if nothing was known to.
    public var doubt = ""

    /// The format this program writes.
    public static let currentFormat = 2

    /// Creates an empty manifest.
    public init() {}

    /// The fields.
    public static let fields: [Field<BackupManifest>] = [
        Field("formatVersion", \.formatVersion, "The format of this document.", required: true),
        Field("name", \.name, "The name of the backup.", required: true),
        Field("cluster", \.cluster, "The cluster it was taken of.", required: true),
        Field("member", \.member, "The member it was taken from."),
        Field("etcdVersion", \.etcdVersion, "The version the member ran."),
        Field("content", \.content, "The figures of the database, read from the file.", required: true),
        Field("file", \.file, "The database file, as the member sent it.", required: true),
        Field("stored", \.stored, "The stored object, which holds that file in some form.", required: true),
        Field("started", \.started, "When the transfer began.", required: true),
        Field("finished", \.finished, "When the file was stored and proven.", required: true),
        Field("writer", \.writer, "The program that wrote it, with its version."),
        Field("doubt", \.doubt, "What spoke against the member's data when it was taken; empty if nothing did."),
    ]

    /// The identity of the backup.
    public var id: BackupID {
        BackupID(
            cluster: ClusterIncarnation(
                namespace: cluster.namespace, name: cluster.name, incarnation: cluster.incarnation), name: name)
    }

    /// The cluster a backup was taken of.
    public struct Cluster: Structure {
        /// The namespace of the cluster's record.
        public var namespace = ""
        /// The name of the cluster's record.
        public var name = ""
        /// The token unique to this life of the cluster.
        public var incarnation = ""
        /// etcd's own identity of the cluster, in hexadecimal.
        public var id = ""

        /// Creates an empty cluster.
        public init() {}

        /// The fields.
        public static let fields: [Field<Cluster>] = [
            Field("namespace", \.namespace, "The namespace of the cluster's record.", required: true),
            Field("name", \.name, "The name of the cluster's record.", required: true),
            Field("incarnation", \.incarnation, "The token unique to this life of the cluster.", required: true),
            Field("id", \.id, "etcd's own identity of the cluster, in hexadecimal."),
        ]
    }

    /// The member a backup was taken from.
    public struct Member: Structure {
        /// The name.
        public var name = ""
        /// The member ID in hexadecimal.
        public var id = ""
        /// The URL it was reached by.
        public var endpoint = ""

        /// Creates an empty member.
        public init() {}

        /// The fields.
        public static let fields: [Field<Member>] = [
            Field("name", \.name, "The name."),
            Field("id", \.id, "The member ID in hexadecimal."),
            Field("endpoint", \.endpoint, "The URL it was reached by."),
        ]
    }

    /// The figures of a database.
    public struct Content: Structure {
        /// The latest revision.
        public var revision: Int64 = 0
        /// The revision up to which history is compacted; nil if it never was.
        public var compactRevision: Int64?
        /// The number of keys at the latest revision.
        public var liveKeys: Int64 = 0
        /// The number of versions of keys, tombstones included.
        public var records: Int64 = 0
        /// The number of tombstones.
        public var tombstones: Int64 = 0
        /// The number of leases.
        public var leases: Int64 = 0
        /// Whether requests need a user.
        public var authEnabled = false
        /// etcd's HashKV at the latest revision, computed from the file.
        public var hashKV: Int64 = 0
        /// Whether the member itself answered with the same hash.
        public var hashConfirmed = false

        /// Creates empty figures.
        public init() {}

        /// The fields.
        public static let fields: [Field<Content>] = [
            Field("revision", \.revision, "The latest revision.", required: true),
            Field("compactRevision", \.compactRevision, "The revision up to which history is compacted."),
            Field("liveKeys", \.liveKeys, "The number of keys at the latest revision.", required: true),
            Field("records", \.records, "The number of versions of keys, tombstones included."),
            Field("tombstones", \.tombstones, "The number of tombstones."),
            Field("leases", \.leases, "The number of leases."),
            Field("authEnabled", \.authEnabled, "Whether requests need a user."),
            Field("hashKV", \.hashKV, "etcd's HashKV at the latest revision.", required: true),
            Field("hashConfirmed", \.hashConfirmed, "Whether the member itself answered with the same hash."),
        ]
    }

    /// A database file as a member sends it: its pages, and the SHA-256 of them behind.
    public struct File: Structure {
        /// The size in bytes, the server's trailer included.
        public var size: Int64 = 0
        /// The SHA-256 of the whole file in hexadecimal, as `sha256sum` prints it.
        public var sha256 = ""
        /// The SHA-256 the server sent behind the database, in hexadecimal; it is the last 32 bytes of the file.
        public var trailer = ""

        /// Creates an empty file.
        public init() {}

        /// The fields.
        public static let fields: [Field<File>] = [
            Field("size", \.size, "The size in bytes, the server's trailer included.", required: true),
            Field("sha256", \.sha256, "The SHA-256 of the whole file.", required: true),
            Field("trailer", \.trailer, "The SHA-256 the server sent behind the database."),
        ]
    }
}

extension BackupManifest.Content {
    /// The figures of a database file.
    public init(_ summary: DatabaseSummary) {
        revision = summary.revision
        compactRevision = summary.compactRevision
        liveKeys = Int64(summary.liveKeys)
        records = Int64(summary.records)
        tombstones = Int64(summary.tombstones)
        leases = Int64(summary.leases)
        authEnabled = summary.authEnabled
        hashKV = Int64(summary.hash.hash)
    }
}
