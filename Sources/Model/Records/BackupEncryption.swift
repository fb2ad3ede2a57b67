/// Who can read the stored bytes of backups.
public struct BackupEncryption: Structure {
    /// A Secret whose entries are keys of 32 bytes each, and whose entry `current` names the one to encrypt with.
    public var secretRef = LocalReference()

    /// Creates the default.
    public init() {}

    /// The fields.
    public static let fields: [Field<BackupEncryption>] = [
        Field(
            "secretRef", \.secretRef,
            "A Secret whose entries are keys of 32 bytes, and whose entry \"current\" names the one to encrypt with.",
            required: true)
    ]
}
