import Etcd
import Model

/// A member as a snapshot knows it.
struct SnapshotMember: Structure {
    var id = ""
    var name = ""
    var peerURLs: [String] = []
    var clientURLs: [String] = []
    var learner = false

    init() {}

    init(_ member: EtcdMember) {
        id = member.idText
        name = member.name
        peerURLs = member.peerURLs
        clientURLs = member.clientURLs
        learner = member.isLearner
    }

    static let fields: [Field<SnapshotMember>] = [
        Field("id", \.id, "The ID in hexadecimal."),
        Field("name", \.name, "The name."),
        Field("peerURLs", \.peerURLs, "Where other members reach it."),
        Field("clientURLs", \.clientURLs, "Where clients reach it."),
        Field("learner", \.learner, "Whether it has no vote."),
    ]
}

/// The keys that begin alike.
struct SnapshotPrefix: Structure {
    var prefix = ""
    var keys = 0
    var bytes = 0
    var records = 0
    var recordBytes = 0

    init() {}

    init(_ prefix: KeyspaceProfile.Prefix) {
        self.prefix = prefix.name.isEmpty ? "(others)" : KeyText.text(of: prefix.name)
        keys = prefix.keys
        bytes = prefix.bytes
        records = prefix.records
        recordBytes = prefix.recordBytes
    }

    static let fields: [Field<SnapshotPrefix>] = [
        Field("prefix", \.prefix, "How the keys begin; (others) are those with fewer names than asked for."),
        Field("keys", \.keys, "The number of keys at the latest revision."),
        Field("bytes", \.bytes, "The bytes of those keys and their values."),
        Field("records", \.records, "The number of all versions still held, tombstones included."),
        Field("recordBytes", \.recordBytes, "The bytes of all those versions."),
    ]
}

/// A large key.
struct SnapshotKey: Structure {
    var key = ""
    var bytes = 0
    var version: Int64 = 0
    var modRevision: Int64 = 0

    init() {}

    init(_ key: KeyspaceProfile.LargeKey) {
        self.key = KeyText.text(of: key.key)
        bytes = key.bytes
        version = key.version
        modRevision = key.modRevision
    }

    static let fields: [Field<SnapshotKey>] = [
        Field("key", \.key, "The key."),
        Field("bytes", \.bytes, "The bytes of key and value."),
        Field("version", \.version, "How often it was written since it was made."),
        Field("modRevision", \.modRevision, "The revision at which it was last written."),
    ]
}
