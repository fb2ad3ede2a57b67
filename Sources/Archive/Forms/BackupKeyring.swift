public import Crypto

/// The keys of one Secret: all open what was sealed with them, the current one seals what is new.
public struct BackupKeyring: Sendable, Equatable {
    /// The entry of the Secret that names the current key.
    public static let currentEntry = "current"

    /// What holds the keys, as messages name it: `Secret "backup-keys"`.
    public let source: String
    private let keys: [String: SealingKey]
    private let currentID: String?

    /// Reads the entries of a Secret: each is a key of 32 bytes under its name, but `current`, which names one.
    ///
    /// - Throws: `ArchiveError` with the code `invalidKey` if an entry is no key or `current` names none of them.
    public init(entries: [String: [UInt8]], source: String) throws(ArchiveError) {
        var keys: [String: SealingKey] = [:]
        var currentID: String?
        for (name, bytes) in entries.sorted(by: { $0.key < $1.key }) {
            if name == Self.currentEntry {
                currentID = String(validating: bytes, as: UTF8.self).map {
                    String($0.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
                }
                continue
            }
            guard let key = SealingKey(id: name, bytes: bytes) else {
                throw ArchiveError(
                    .invalidKey, source,
                    "its entry \"\(name)\" has \(bytes.count) bytes; a key for backups has \(SealingKey.byteCount)")
            }
            keys[name] = key
        }
        if let currentID, keys[currentID] == nil {
            throw ArchiveError(
                .invalidKey, source,
                "its entry \"\(Self.currentEntry)\" names \"\(currentID)\", which is not among its keys "
                    + "(\(keys.keys.sorted().joined(separator: ", ")))")
        }
        self.keys = keys
        self.currentID = currentID
        self.source = source
    }

    /// One key alone, which is also the current one.
    public init(_ key: SealingKey, source: String) {
        keys = [key.id: key]
        currentID = key.id
        self.source = source
    }

    /// The key to seal with.
    ///
    /// - Throws: `ArchiveError` with the code `invalidKey` if none is named.
    public func current() throws(ArchiveError) -> SealingKey {
        guard let currentID, let key = keys[currentID] else {
            throw ArchiveError(
                .invalidKey, source, "it has no entry \"\(Self.currentEntry)\" that names the key to encrypt with")
        }
        return key
    }

    /// The key of a name, which a backup needs.
    static func key(_ id: String, in keyring: BackupKeyring?, of subject: String) throws(ArchiveError) -> SealingKey {
        if let key = keyring?.keys[id] { return key }
        let missing = keyring.map { ", which \($0.source) does not have" } ?? ", and no keys were given"
        throw ArchiveError(.keyMissing, subject, "it needs the key \"\(id)\"\(missing)")
    }
}
