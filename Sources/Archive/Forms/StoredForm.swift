public import Crypto
public import Model

/// In which form the bytes of a backup are stored.
public struct StoredForm: Sendable, Equatable {
    /// How they are made smaller.
    public var compression: BackupCompression
    /// The key they are sealed with; nil leaves them readable for whoever can read the storage.
    public var key: SealingKey?

    /// Names a form; the default is the file as the member sent it.
    public init(compression: BackupCompression = .none, key: SealingKey? = nil) {
        self.compression = compression
        self.key = key
    }

    /// Whether what is stored is the file as the member sent it.
    var isPlain: Bool { compression == .none && key == nil }

    /// The name of the stored object; it tells a person which tools to read it with.
    var objectName: String { BackupID.snapshotName + suffix }

    /// What the form adds to the name of an object.
    var suffix: String { (compression == .zstd ? ".zst" : "") + (key == nil ? "" : ".sealed") }
}
