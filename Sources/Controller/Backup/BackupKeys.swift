import Archive
import Model
import Store

/// The keys of backups, from the Secrets that records name.
struct BackupKeys {
    let store: RecordStore

    /// The keys of a Secret; nil if nothing is said of encryption.
    ///
    /// - Throws: `ArchiveError` with the code `invalidKey` if the Secret is not there or holds no keys.
    func keyring(_ encryption: BackupEncryption?, in namespace: String) async throws -> BackupKeyring? {
        guard let name = encryption?.secretRef.name else { return nil }
        guard let secret = try await store.find(Secret.self, named: name, in: namespace) else {
            throw ArchiveError(.invalidKey, "Secret \"\(name)\"", "there is no such Secret in namespace \(namespace)")
        }
        return try BackupKeyring(secret)
    }
}
