import Model

/// The checksum etcd calls HashKV, which is equal on members that hold the same keys and history.
public struct KeyspaceHash: Sendable, Equatable {
    /// The CRC32C of the records up to `revision` that a compaction leaves.
    public let hash: UInt32
    /// The revision the hash covers, as the request names it.
    public let revision: Int64
    /// The compact revision, -1 if nothing was ever compacted; hashes of different ones cannot be compared.
    public let compactRevision: Int64

    /// Gathers the three figures that make a hash comparable.
    public init(hash: UInt32, revision: Int64, compactRevision: Int64) {
        self.hash = hash
        self.revision = revision
        self.compactRevision = compactRevision
    }

    /// A member's answer to the request for its hash at a revision, which the answer itself does not repeat before 3.6.
    public init(_ answer: HashKV, at revision: Int64) {
        self.init(hash: answer.hash, revision: answer.hashRevision ?? revision, compactRevision: answer.compactRevision)
    }
}

/// How an etcd release treats a tombstone written at the compact revision itself when it computes HashKV.
///
/// It matters only if no key is live at the revision hashed; in all other cases both rules give the same hash.
public enum TombstoneRule: Sendable, Equatable {
    /// Releases before 3.4.34 and 3.5.16: such a tombstone is hashed like any record.
    case hashed
    /// Releases from 3.4.34 and 3.5.16 on, and all of 3.6: it is left out (`kvHasher.WriteKeyValue`).
    case skipped

    /// The rule of a release by its version, such as `3.4.23`; a text that is none is taken for an old release.
    public init(etcdVersion text: String) {
        guard let version = EtcdVersion(text) else {
            self = .hashed
            return
        }
        let first = version.minor == 4 ? EtcdVersion(3, 4, 34) : EtcdVersion(3, 5, 16)
        self = version >= first ? .skipped : .hashed
    }
}

/// The running HashKV over records in order: seeded with the bucket's name, as `HashByRev` does.
struct KeyspaceHasher {
    private var checksum = CRC32C()

    init() {
        "key".withCString { checksum.update(UnsafeRawBufferPointer(start: $0, count: 3)) }
    }

    var value: UInt32 { checksum.value }

    mutating func add(_ entry: Page.Entry) {
        checksum.update(entry.key)
        checksum.update(entry.value)
    }
}
