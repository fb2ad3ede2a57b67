public import Model

extension BackupManifest {
    /// The object that holds the database file: its name, its bytes, and how to get the file out of them.
    public struct Stored: Structure {
        /// The name of the object beside the manifest.
        public var name = BackupID.snapshotName
        /// The size in bytes.
        public var size: Int64 = 0
        /// The SHA-256 of the object in hexadecimal, as `sha256sum` prints it.
        public var sha256 = ""
        /// How the bytes were made smaller.
        public var compression = BackupCompression.none
        /// How they were sealed after that; nil if they were not.
        public var encryption: Encryption?

        /// Creates an empty object.
        public init() {}

        /// The fields.
        public static let fields: [Field<Stored>] = [
            Field("name", \.name, "The name of the object beside the manifest.", required: true),
            Field("size", \.size, "The size in bytes.", required: true),
            Field("sha256", \.sha256, "The SHA-256 of the object.", required: true),
            Field("compression", \.compression, "How the bytes were made smaller.", required: true),
            Field("encryption", \.encryption, "How they were sealed after that."),
        ]

        /// Whether the object is the database file as it is.
        var isPlain: Bool { compression == .none && encryption == nil }
    }

    /// How an object was sealed.
    public struct Encryption: Structure {
        /// The cipher and the layout; docs/backup-format.md describes it.
        public var algorithm = Self.sealedStream
        /// The name of the key, never the key itself.
        public var keyID = ""

        /// The only layout there is so far.
        public static let sealedStream = "AES-256-GCM sealed stream 1"

        /// Creates the description of an object that was sealed with no key.
        public init() {}

        /// Describes an object that was sealed with a key.
        init(keyID: String) {
            self.keyID = keyID
        }

        /// The fields.
        public static let fields: [Field<Encryption>] = [
            Field(
                "algorithm", \.algorithm, "The cipher and the layout.", required: true,
                Rule { $0 == sealedStream ? nil : (.unsupported, "\"\($0)\" is not known to this program") }),
            Field("keyID", \.keyID, "The name of the key.", required: true, .nonEmpty),
        ]
    }
}
