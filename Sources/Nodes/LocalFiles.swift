import Glibc

/// The few file operations that members need, durable where a crash must not lose them.
enum LocalFiles {
    /// The content of a small file, or nil when it is not there.
    static func read(_ path: String, from offset: Int = 0) throws(NodeError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 && errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw SystemCall.failure("open", path) }
        defer { close(descriptor) }
        if offset > 0 { lseek(descriptor, off_t(offset), SEEK_SET) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SystemCall.failure("read", path) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Replaces a file so that after a crash either the old or the new content is there, never half of it.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o600) throws(NodeError) {
        let draft = "\(path).new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemCall.failure("open", draft) }
        do throws(NodeError) {
            try write(bytes, to: descriptor, draft)
            guard fsync(descriptor) == 0 else { throw SystemCall.failure("fsync", draft) }
        } catch {
            close(descriptor)
            unlink(draft)
            throw error
        }
        close(descriptor)
        try rename(draft, to: path)
    }

    /// Renames within a file system and makes both directories' entries durable.
    static func rename(_ old: String, to new: String) throws(NodeError) {
        guard Glibc.rename(old, new) == 0 else { throw SystemCall.failure("rename to \(new)", old) }
        try syncDirectory(parent(new))
        if parent(old) != parent(new) { try syncDirectory(parent(old)) }
    }

    /// Makes a directory and its missing parents, for the owner alone; an existing one is left as it is.
    static func makeDirectory(_ path: String) throws(NodeError) {
        if mkdir(path, 0o700) == 0 { return try syncDirectory(parent(path)) }
        if errno == EEXIST && isDirectory(path) { return }
        guard errno == ENOENT && path != "/" else { throw SystemCall.failure("mkdir", path) }
        try makeDirectory(parent(path))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemCall.failure("mkdir", path) }
        try syncDirectory(parent(path))
    }

    /// The names in a directory, sorted; nil when there is no such directory.
    static func names(in path: String) throws(NodeError) -> [String]? {
        guard let stream = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemCall.failure("opendir", path)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file or a whole directory; symbolic links are removed, not followed.
    static func removeTree(_ path: String) throws(NodeError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw SystemCall.failure("unlink", path) }
        for name in try names(in: path) ?? [] { try removeTree("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemCall.failure("rmdir", path) }
    }

    /// Makes a directory with everything below it durable.
    static func syncTree(_ path: String) throws(NodeError) {
        if isDirectory(path) {
            for name in try names(in: path) ?? [] { try syncTree("\(path)/\(name)") }
        }
        try syncDirectory(path)
    }

    /// Size in bytes of a regular file, or nil when there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Whether `path` is a directory.
    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes the entries of a directory durable.
    static func syncDirectory(_ path: String) throws(NodeError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemCall.failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemCall.failure("fsync", path) }
    }

    /// The directory that holds `path`.
    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(NodeError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SystemCall.failure("write", path) }
            rest = rest.dropFirst(count)
        }
    }
}
