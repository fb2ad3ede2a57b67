import Archive
import Model

/// The archives that storage settings name; the one place that knows which type of storage is which.
public struct BackupArchives: Sendable {
    /// Where backups go that name no place.
    let defaultDirectory: String
    /// Where databases lie while they are proven.
    let scratchDirectory: String
    /// The program that writes manifests, with its version.
    let writer: String

    /// Creates the archives.
    public init(defaultDirectory: String, scratchDirectory: String, writer: String) {
        self.defaultDirectory = defaultDirectory
        self.scratchDirectory = scratchDirectory
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

    /// The backups in the storage that settings name; those that are encrypted need keys to be read.
    func archive(_ spec: BackupStorageSpec, keys: BackupKeyring? = nil) throws(ArchiveError) -> BackupArchive {
        BackupArchive(storage: try storage(spec), scratch: scratchDirectory, keys: keys)
    }

    /// What makes backups in the storage that settings name, in a form.
    func pipeline(_ spec: BackupStorageSpec, form: StoredForm) throws(ArchiveError) -> BackupPipeline {
        BackupPipeline(storage: try storage(spec), writer: writer, form: form, scratch: scratchDirectory)
    }
}
