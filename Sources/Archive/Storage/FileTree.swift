import Glibc

/// What a storage of files asks of the file system, with errors that name the path.
enum FileTree {
    /// A regular file as a directory walk finds it.
    struct File {
        /// The names from the root of the walk to the file.
        let components: [String]
        let byteCount: Int
        let modifiedNanoseconds: Int64
    }

    /// Creates a directory with all its parents; each new one is on the disk before its first entry is.
    static func makeDirectories(_ path: String) throws(ArchiveError) {
        var built = ""
        for name in path.split(separator: "/") {
            let parent = built.isEmpty ? "/" : built
            built += "/\(name)"
            if mkdir(built, 0o700) == 0 {
                try synchronize(parent)
            } else if errno != EEXIST {
                throw .system("creating a directory", built, errno: errno)
            }
        }
    }

    /// Waits until the entries of a directory are on the disk.
    static func synchronize(_ directory: String) throws(ArchiveError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("opening the directory", directory, errno: errno) }
        defer { close(descriptor) }
        // Some network file systems cannot synchronise directories and say EINVAL; there is nothing better to do then.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw .system("waiting for the disk", directory, errno: errno)
        }
    }

    /// Writes all bytes of a buffer at a file's position; returns 0, or the error of the system.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return errno }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return 0
    }

    /// Removes a directory and its parents as long as they are empty; the root itself stays.
    static func removeEmptyDirectories(from directory: String, upTo root: String) {
        var path = directory
        while path.hasPrefix("\(root)/"), rmdir(path) == 0 {
            guard let slash = path.lastIndex(of: "/") else { return }
            path = String(path[..<slash])
        }
    }

    /// All regular files below a directory; hidden names only on request, symbolic links never.
    ///
    /// What disappears during the walk is left out. A missing directory has no files.
    static func files(below root: String, hidden: Bool = false) throws(ArchiveError) -> [File] {
        var files: [File] = []
        var pending: [[String]] = [[]]
        while let components = pending.popLast() {
            let directory = ([root] + components).joined(separator: "/")
            for name in try names(in: directory) {
                let isHidden = name.hasPrefix(".")
                var status = stat()
                guard lstat("\(directory)/\(name)", &status) == 0 else {
                    if errno == ENOENT { continue }
                    throw .system("looking at a file", "\(directory)/\(name)", errno: errno)
                }
                switch status.st_mode & S_IFMT {
                case S_IFDIR where !isHidden: pending.append(components + [name])
                case S_IFREG where isHidden == hidden:
                    let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
                    files.append(
                        File(
                            components: components + [name], byteCount: Int(status.st_size),
                            modifiedNanoseconds: modified))
                default: break
                }
            }
        }
        return files
    }

    private static func names(in directory: String) throws(ArchiveError) -> [String] {
        guard let stream = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw .system("listing the directory", directory, errno: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw .system("listing the directory", directory, errno: errno) }
        return names
    }
}
