import Archive
import Model

/// The archives that storage settings name; the one place that knows which type of storage is which.
public struct BackupArchives: Sendable {
    /// Where backups go that name no place.
    let defaultDirectory: String
    /// The program that writes manifests, with its version.
    let writer: String

    /// Creates the archives.
    public init(defaultDirectory: String, writer: String) {
        self.defaultDirectory = defaultDirectory
        self.writer = writer
    }

    /// The settings with every default filled in, so that they mean the same when the defaults have changed.
    func resolved(_ spec: BackupStorageSpec) -> BackupStorageSpec {
        var spec = spec
        switch spec.type {
        case .directory: spec.path = spec.path ?? defaultDirectory
        }
        return spec
    }

    /// The storage that settings name.
    func storage(_ spec: BackupStorageSpec) throws(ArchiveError) -> any BackupStorage {
        switch spec.type {
        case .directory: try DirectoryStorage(path: spec.path ?? defaultDirectory)
        }
    }

    /// The backups in the storage that settings name.
    func archive(_ spec: BackupStorageSpec) throws(ArchiveError) -> BackupArchive {
        BackupArchive(storage: try storage(spec))
    }
}
