/// How the stored bytes of backups are made smaller.
public enum BackupCompression: String, Choice {
    /// Zstandard, at a level that is faster than most disks.
    case zstd
    /// Not at all: the stored file is what `etcdctl snapshot save` would have saved.
    case none
}
