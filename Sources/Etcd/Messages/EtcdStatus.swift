import Model

/// What one member says about itself.
public struct EtcdStatus: Sendable, Hashable {
    /// Who answered, and at which revision.
    public var header = ResponseHeader()
    /// The release, for example `3.4.23`.
    public var version = ""
    /// The size of the database file in bytes, free pages included.
    public var databaseSize: Int64 = 0
    /// The bytes of the database file that are in use; defragmentation gives the others back.
    public var databaseSizeInUse: Int64 = 0
    /// The leader as this member sees it, 0 if it sees none.
    public var leader: UInt64 = 0
    /// The index of the last raft entry that this member knows to be committed.
    public var raftIndex: UInt64 = 0
    /// The index of the last raft entry that this member has applied.
    public var raftAppliedIndex: UInt64 = 0
    /// The raft term.
    public var raftTerm: UInt64 = 0
    /// What is wrong with the member in its own words, for example its alarms.
    public var errors: [String] = []
    /// Whether the member is a learner.
    public var isLearner = false
    /// The version of the storage format, from etcd 3.6 on.
    public var storageVersion: String?
    /// The quota of the database in bytes, from etcd 3.6 on; wrong before 3.6.6, where it is left out.
    public var databaseQuota: Int64?
    /// The version that the cluster is being downgraded to, from etcd 3.6 on.
    public var downgradeTarget: String?

    /// Makes an empty status.
    public init() {}

    /// Whether the member leads.
    public var isLeader: Bool { leader != 0 && leader == header.memberID }
}

extension EtcdStatus: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: version = try reader.string(field)
            case 3: databaseSize = try reader.int64(field)
            case 4: leader = try reader.uint64(field)
            case 5: raftIndex = try reader.uint64(field)
            case 6: raftTerm = try reader.uint64(field)
            case 7: raftAppliedIndex = try reader.uint64(field)
            case 8: errors.append(try reader.string(field))
            case 9: databaseSizeInUse = try reader.int64(field)
            case 10: isLearner = try reader.bool(field)
            case 11: storageVersion = try reader.string(field)
            case 12: databaseQuota = try reader.int64(field)
            case 13: downgradeTarget = try Self.downgradeTarget(try reader.bytes(field))
            default: try reader.skip(field)
            }
        }
        // etcd before 3.6.6 reports the quota flag as given, so that the default appears as 0 (etcd PR 20790).
        if databaseQuota != nil, let release = EtcdVersion(version), release < EtcdVersion(3, 6, 6) {
            databaseQuota = nil
        }
    }

    private static func downgradeTarget(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> String? {
        var isEnabled = false
        var target: String?
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: isEnabled = try reader.bool(field)
            case 2: target = try reader.string(field)
            default: try reader.skip(field)
            }
        }
        return isEnabled ? target : nil
    }
}
