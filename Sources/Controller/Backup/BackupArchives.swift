import Archive
import Model
public import Transport

/// The archives that storage settings name; the one place that knows which type of storage is which.
public struct BackupArchives: Sendable {
    /// Where backups go that name no place.
    let defaultDirectory: String
    /// Where databases lie while they are proven, and files on their way to a storage that is elsewhere.
    let scratchDirectory: String
    /// The program that writes manifests, with its version.
    let writer: String
    /// The loop over which storages elsewhere are reached.
    let engine: HTTPEngine

    /// Creates the archives.
    ///
    /// - Parameters:
    ///   - defaultDirectory: where backups go that name no place.
    ///   - scratchDirectory: where databases lie while they are proven, and files on their way to a storage that is
    ///     elsewhere.
    ///   - writer: the program that writes manifests, with its version.
    ///   - engine: the loop over which storages elsewhere are reached.
    public init(defaultDirectory: String, scratchDirectory: String, writer: String, engine: HTTPEngine) {
        self.defaultDirectory = defaultDirectory
        self.scratchDirectory = scratchDirectory
        self.writer = writer
        self.engine = engine
    }

    /// The settings with every default filled in, so that they mean the same when the defaults have changed.
    func resolved(_ spec: BackupStorageSpec) -> BackupStorageSpec {
        var spec = spec
        if spec.type == .directory { spec.path = spec.path ?? defaultDirectory }
        return spec
    }

    /// The storage that settings name; `secrets` are those of the record that has the settings.
    ///
    /// - Throws: `AccessProblem` where a Secret is missing or incomplete; `ArchiveError`.
    func storage(_ spec: BackupStorageSpec, with secrets: RecordSecrets) async throws -> any BackupStorage {
        switch spec.type {
        case .directory: return try DirectoryStorage(path: spec.path ?? defaultDirectory)
        case .s3:
            // Admission refuses settings of the type S3 without a bucket.
            let place = try await S3Access(spec: spec.s3 ?? S3StorageSpec(), secrets: secrets).place()
            return S3Storage(place, stagingDirectory: scratchDirectory + "/s3", engine: engine)
        }
    }

    /// The backups in the storage that settings name; `secrets` are those of the record that has the settings.
    ///
    /// Backups that are encrypted need keys to be read.
    ///
    /// - Throws: as `storage` does.
    func archive(
        _ spec: BackupStorageSpec, with secrets: RecordSecrets, keys: BackupKeyring? = nil
    ) async throws -> BackupArchive {
        BackupArchive(storage: try await storage(spec, with: secrets), scratch: scratchDirectory, keys: keys)
    }

    /// What makes backups in a storage, in a form.
    func pipeline(into storage: any BackupStorage, form: StoredForm) -> BackupPipeline {
        BackupPipeline(storage: storage, writer: writer, form: form, scratch: scratchDirectory)
    }
}
