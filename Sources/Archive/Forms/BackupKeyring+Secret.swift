public import Model

extension BackupKeyring {
    /// Reads the entries of a Secret.
    ///
    /// - Throws: `ArchiveError` with the code `invalidKey` if an entry is no key or `current` names none of them.
    public init(_ secret: Secret) throws(ArchiveError) {
        var entries: [String: [UInt8]] = [:]
        for name in secret.data.keys { entries[name] = secret.bytes(name) ?? [] }
        try self.init(entries: entries, source: "Secret \"\(secret.metadata.name)\"")
    }
}
