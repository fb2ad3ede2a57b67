internal import Crypto
import Glibc
public import Model

/// The keys of confidential records, in a file of their own beside the database, or anywhere else.
///
/// The first key seals, all of them open. Every change replaces the file in one step, and one process at a time.
public struct RecordKeyFile: Sendable {
    private static let heading = """
        # Keys that seal confidential records of lodestone: the first seals, all open. Without them these records are lost,
        # so keep a copy, apart from copies of the database. "lodestone secrets-key" makes and removes keys.

        """
    /// More than any number of keys; what is larger is no key file.
    private static let limit = 1 << 20

    /// The file.
    public let path: String

    /// Names a file, which need not exist.
    public init(path: String) {
        self.path = path
    }

    /// The keys, the one that seals first; nil if there is no file.
    ///
    /// - Throws: `.badKeys` for a file that others may read, or that holds anything but keys.
    public func keys() throws(StoreError) -> [RecordKey]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure() }
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure() }
        guard status.st_mode & S_IFMT == S_IFREG else { throw bad("it is no regular file") }
        guard status.st_mode & 0o077 == 0 else {
            throw bad("others than its owner may use it; consider its keys known, close it with \"chmod 600\"")
        }
        guard status.st_size <= Self.limit else { throw bad("it is larger than 1 MiB") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            guard more >= 0 else { throw failure() }
            guard more > 0 else { break }
            count += more
        }
        return try parse(String(decoding: bytes[..<count], as: UTF8.self))
    }

    /// Puts a fresh key on top; the others stay, so that everything can still be opened.
    ///
    /// - Returns: the keys afterwards.
    /// - Throws: `.badKeys` also when there is no file: the first key is made by the store.
    public func rotate(at now: Timestamp) throws(StoreError) -> [RecordKey] {
        try change { (keys) throws(StoreError) in
            guard let keys else { throw bad("it does not exist; the controller makes it at its first start") }
            guard let key = RecordKey.fresh(at: now) else { return keys }
            return [key] + keys
        }
    }

    /// The keys; where there is no file, one with a fresh key is made.
    func keysOrFresh(at now: Timestamp) throws(StoreError) -> [RecordKey] {
        if let keys = try keys() { return keys }
        try StoreDirectory.prepare(directory, for: path)
        return try change { (keys) throws(StoreError) in
            if let keys { return keys }
            return RecordKey.fresh(at: now).map { [$0] } ?? []
        }
    }

    /// Removes the keys named, but never the one that seals.
    func remove(_ ids: Set<String>) throws(StoreError) -> [RecordKey] {
        try change { (keys) throws(StoreError) in
            guard let keys else { throw bad("it does not exist") }
            return Array(keys.prefix(1)) + keys.dropFirst().filter { !ids.contains($0.id) }
        }
    }

    // MARK: Reading and writing

    private func parse(_ text: String) throws(StoreError) -> [RecordKey] {
        var keys: [RecordKey] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(separator: " ").map(String.init)
            if words.isEmpty || line.hasPrefix("#") { continue }
            // The line itself is never shown: a part of it is the key.
            guard words.count == 4, words[0] == "key", let created = Timestamp(words[2]),
                let bytes = Hex.decode(words[3]), let key = RecordKey(bytes: bytes, created: created)
            else {
                throw bad("line \(number + 1) is no key; put back a good copy of the file")
            }
            guard key.id == words[1] else {
                throw bad(
                    "the key in line \(number + 1) is not the one named \(words[1]); put back a good copy of the file")
            }
            keys.append(key)
        }
        guard !keys.isEmpty else { throw bad("it holds no key; put back a good copy of the file") }
        return keys
    }

    /// Replaces the keys by what `body` makes of them, while nobody else does.
    private func change(
        _ body: ([RecordKey]?) throws(StoreError) -> [RecordKey]
    ) throws(StoreError) -> [RecordKey] {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else { throw failure() }
        defer {
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
        let old = try keys()
        let new = try body(old)
        guard new != old else { return new }
        try write(new)
        guard fsync(descriptor) == 0 else { throw failure() }
        return new
    }

    private func write(_ keys: [RecordKey]) throws(StoreError) {
        let lines = keys.map { "key \($0.id) \($0.created) \(Hex.encode($0.bytes))\n" }
        let draft = path + ".new"
        // A draft that is there already was left by a crash.
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        let bytes = Array((Self.heading + lines.joined()).utf8)
        let isWhole = Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        guard close(descriptor) == 0, isWhole, rename(draft, path) == 0 else {
            let reason = failure()
            unlink(draft)
            throw reason
        }
    }

    private var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func bad(_ reason: String) -> StoreError { .badKeys(path: path, reason: reason) }

    private func failure() -> StoreError {
        errno == ENOSPC ? .full(path: path) : bad(String(cString: strerror(errno)))
    }
}
