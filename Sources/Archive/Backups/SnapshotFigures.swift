import Etcd

/// What a plain database file holds, where no manifest says it.
public struct SnapshotFigures: Sendable {
    /// The figures, read from the file.
    public var content: BackupManifest.Content
    /// The size of the file in bytes, its trailer included.
    public var size: Int64

    /// Reads them; the version of the member decides how HashKV is computed.
    init(of path: String, etcdVersion: String) throws(DatabaseError) {
        let summary = try DatabaseFile(path: path).summary(tombstones: TombstoneRule(etcdVersion: etcdVersion))
        content = BackupManifest.Content(summary)
        size = Int64(summary.byteCount)
    }
}
