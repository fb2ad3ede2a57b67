import Glibc
import Model

/// A storage that keeps every object as a file below one directory, on a local disk or a network mount.
///
/// Keys are paths. Files are readable by this user only, as a backup holds everything the cluster holds, its secrets
/// included. Several controllers may share a directory.
public struct DirectoryStorage: BackupStorage {
    /// The absolute path of the directory, without a slash at its end.
    public let path: String
    let owner: String

    /// How long a staging file of somebody else may lie untouched before it is taken for a leftover.
    static let foreignLeftoverAge: Duration = .seconds(3600)

    /// Uses a directory, which is made when something is first written to it.
    ///
    /// `owner` names this writer among others who share the directory; by default the name of the machine.
    /// - Throws: `ArchiveError` with the code `invalidName` if the path is not absolute.
    public init(path: String, owner: String? = nil) throws(ArchiveError) {
        guard path.hasPrefix("/"), !path.contains("\0"), !path.split(separator: "/").contains("..") else {
            throw ArchiveError(.invalidName, "\"\(path)\"", "a directory for backups needs an absolute path")
        }
        self.path = "/" + path.split(separator: "/").joined(separator: "/")
        self.owner = String((owner ?? Self.hostName).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    /// The directory, for messages.
    public var location: String { "directory \(path)" }

    /// The path of the object's file.
    public func address(of key: ObjectKey) -> String { file(of: key) }

    /// Opens a hidden file in the directory where the object will be.
    ///
    /// - Throws: `ArchiveError`.
    public func stage(_ key: ObjectKey) async throws -> StagingFile {
        let target = file(of: key)
        guard access(target, F_OK) != 0 else { throw alreadyThere(key) }
        let directory = parent(of: target)
        // Another writer may remove the directory as an empty one right after it was made.
        for _ in 0..<5 {
            try FileTree.makeDirectories(directory)
            if let file = try stagingFile(in: directory) { return file }
        }
        throw ArchiveError(.storageUnavailable, directory, "the directory is removed again as soon as it is made")
    }

    /// A new staging file, nil if the directory is gone.
    private func stagingFile(in directory: String) throws(ArchiveError) -> StagingFile? {
        do {
            return try StagingFile(in: directory, owner: owner, root: path)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Gives a staged file its final name, unless something has that name.
    ///
    /// - Throws: `ArchiveError`.
    public func publish(_ file: StagingFile, as key: ObjectKey) async throws -> StoredObject {
        let target = self.file(of: key)
        try file.synchronize()
        if link(file.path, target) != 0 {
            let code = errno
            guard code != EEXIST else { throw alreadyThere(key) }
            // Some file systems have no hard links. Between the check and the rename another writer could come, but
            // only one with the same cluster, incarnation and backup name.
            guard [EPERM, EOPNOTSUPP, EMLINK, ENOSYS].contains(code) else {
                throw ArchiveError.system("publishing", target, errno: code)
            }
            guard access(target, F_OK) != 0 else { throw alreadyThere(key) }
            guard rename(file.path, target) == 0 else {
                throw ArchiveError.system("publishing", target, errno: errno)
            }
        }
        file.discard()
        do throws(ArchiveError) {
            try FileTree.synchronize(parent(of: target))
        } catch {
            // The name may not survive a loss of power, so the caller must not count on it.
            unlink(target)
            throw error
        }
        return StoredObject(key: key, byteCount: file.byteCount, modified: .now)
    }

    /// The bytes of a file.
    ///
    /// - Throws: `ArchiveError`.
    public func read(_ key: ObjectKey) async throws -> ByteStream {
        try FileReader.stream(of: file(of: key), subject: "\(location), \(key)")
    }

    /// All files below a prefix, without hidden ones.
    ///
    /// - Throws: `ArchiveError`.
    public func list(below prefix: ObjectKey) async throws -> [StoredObject] {
        let root = prefix.components.isEmpty ? path : file(of: prefix)
        var objects: [StoredObject] = []
        for file in try FileTree.files(below: root) {
            // What has a name that no key can have was put there by somebody else.
            guard let key = try? ObjectKey(prefix.components + file.components) else { continue }
            objects.append(
                StoredObject(
                    key: key, byteCount: file.byteCount,
                    modified: Timestamp(nanosecondsSinceEpoch: file.modifiedNanoseconds)))
        }
        return objects.sorted { $0.key < $1.key }
    }

    /// Removes a file, and the directories that are empty without it.
    ///
    /// - Throws: `ArchiveError`.
    public func delete(_ key: ObjectKey) async throws {
        let target = file(of: key)
        guard unlink(target) == 0 else {
            throw errno == ENOENT || errno == ENOTDIR
                ? ArchiveError(.notFound, "\(location), \(key)", "there is no such object")
                : ArchiveError.system("removing", target, errno: errno)
        }
        try FileTree.synchronize(parent(of: target))
        FileTree.removeEmptyDirectories(from: parent(of: target), upTo: path)
    }

    /// The file itself.
    public func localPath(of key: ObjectKey) async throws -> String? {
        file(of: key)
    }

    /// Removes staging files whose writers are gone, and returns how many there were.
    ///
    /// That is the case if nobody holds the file's lock, and it is this owner's or has not been touched for an hour:
    /// some network mounts do not show the locks of other machines.
    ///
    /// - Throws: `ArchiveError`.
    public func removeLeftovers(below prefix: ObjectKey) async throws -> Int {
        let root = prefix.components.isEmpty ? path : file(of: prefix)
        let oldest = Timestamp.now - Self.foreignLeftoverAge
        var removed = 0
        for file in try FileTree.files(below: root, hidden: true) {
            guard let name = file.components.last, name.hasPrefix(StagingFile.prefix) else { continue }
            let isOwn = name.hasPrefix("\(StagingFile.prefix)\(owner)-")
            guard isOwn || file.modifiedNanoseconds < oldest.nanosecondsSinceEpoch else { continue }
            let leftover = ([root] + file.components).joined(separator: "/")
            let descriptor = open(leftover, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, unlink(leftover) == 0 else { continue }
            removed += 1
            FileTree.removeEmptyDirectories(from: parent(of: leftover), upTo: path)
        }
        return removed
    }

    private func file(of key: ObjectKey) -> String {
        ([path] + key.components).joined(separator: "/")
    }

    private func parent(of file: String) -> String {
        String(file.prefix(upTo: file.lastIndex(of: "/") ?? file.startIndex))
    }

    private func alreadyThere(_ key: ObjectKey) -> ArchiveError {
        ArchiveError(.exists, "\(location), \(key)", "there is such an object already")
    }

    private static let hostName: String = {
        var name = utsname()
        guard uname(&name) == 0 else { return "host" }
        return withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }()
}
