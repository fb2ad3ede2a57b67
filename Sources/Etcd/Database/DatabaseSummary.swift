/// The figures of an etcd database, all read from the file itself.
public struct DatabaseSummary: Sendable, Equatable {
    /// The size of the whole file in bytes, trailer included.
    public var byteCount = 0
    /// The bytes in pages that hold data; the rest is free for reuse.
    public var bytesInUse = 0
    /// The latest revision.
    public var revision: Int64 = 1
    /// The revision up to which history is compacted, nil if it never was.
    public var compactRevision: Int64?
    /// The number of keys that exist at the latest revision.
    public var liveKeys = 0
    /// The number of records, which is every version of every key still held, tombstones included.
    public var records = 0
    /// The number of records that are tombstones.
    public var tombstones = 0
    /// The number of records after the compact revision that do not continue the version before; 0 unless the member
    /// that wrote the file had lost or doubled an update.
    public var versionGaps = 0
    /// The HashKV at the latest revision.
    public var hash = KeyspaceHash(hash: 0, revision: 1, compactRevision: -1)
    /// The number of leases.
    public var leases = 0
    /// The alarms that are raised and not disarmed.
    public var alarms: [EtcdAlarm] = []
    /// Whether requests need a user.
    public var authEnabled = false
    /// The number of users.
    public var users = 0
    /// The number of roles.
    public var roles = 0
    /// The members, by ID.
    ///
    /// etcd 3.5.1 does not write here what a member publishes at its start, so its client URLs may be missing.
    public var members: [EtcdMember] = []
    /// The version all members agreed on, without its patch level (`3.4.0`); nil before the first agreement.
    public var clusterVersion: String?
    /// The version of the storage format, which etcd writes from 3.6 on.
    public var storageVersion: String?
    /// The raft index of the last entry applied to the file.
    public var consistentIndex: UInt64 = 0
    /// The raft term of that entry, which etcd writes from 3.5 on.
    public var term: UInt64?
}
