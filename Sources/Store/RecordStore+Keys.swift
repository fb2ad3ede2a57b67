internal import Model

/// The keys of a store that is not open.
extension RecordStore {
    /// The file with the keys of a store with these options.
    public static func keyFile(_ options: StoreOptions) -> RecordKeyFile { options.keys }

    /// Removes the keys that no row of the store needs any more; the one that seals always stays.
    ///
    /// Copies of the database that were made before may need them still.
    ///
    /// - Returns: the keys that are left and those that were removed.
    /// - Throws: `.locked` while a process works on the store, which could be using any of them; `.badKeys`.
    public static func pruneKeys(
        _ options: StoreOptions
    ) throws(StoreError) -> (left: [RecordKey], removed: [RecordKey]) {
        guard StoreDirectory.size(of: options.path) > 0 else {
            throw .unavailable(path: options.path, reason: "there is no such file")
        }
        let lock = try StoreLock(options)
        defer { withExtendedLifetime(lock) {} }
        guard let keys = try options.keys.keys() else {
            throw .badKeys(path: options.keys.path, reason: "it does not exist")
        }
        let connection = try StoreFile(path: options.path).openForReading()
        let pass = SealingPass(
            connection: connection, path: options.path, kinds: options.kinds, keyFile: options.keys)
        let needed = try pass.keysInUse()
        let left = try options.keys.remove(Set(keys.map(\.id)).subtracting(needed))
        return (left, keys.filter { !left.contains($0) })
    }
}
