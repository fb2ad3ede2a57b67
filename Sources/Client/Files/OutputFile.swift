import Glibc

/// Writing whole files.
enum OutputFile {
    /// Replaces a file by other bytes, in one step, so that a reader sees the old file or the new one.
    ///
    /// Mode and owner stay.
    static func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
        // A link stays one.
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        let target = resolved.map { String(cString: $0) } ?? path
        var status = stat()
        let exists = stat(target, &status) == 0
        try write(bytes, to: target, mode: exists ? status.st_mode & 0o777 : 0o600) { descriptor in
            // Only root can give a file to its owner; anybody else owns it already.
            if exists, status.st_uid != geteuid() { _ = fchown(descriptor, status.st_uid, status.st_gid) }
        }
    }

    /// Writes a file that only its owner may read, over one that is there.
    static func writePrivate(_ path: String, _ bytes: [UInt8]) throws(FileError) {
        try write(bytes, to: path, mode: 0o600) { _ in }
    }

    private static func write(
        _ bytes: [UInt8], to path: String, mode: mode_t, _ prepare: (Int32) -> Void
    ) throws(FileError) {
        let scratch = "\(path).\(getpid()).new"
        let descriptor = open(scratch, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path, errno: errno) }
        var code = fchmod(descriptor, mode) == 0 ? 0 : errno
        prepare(descriptor)
        var rest = bytes[...]
        while code == 0, !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { code = errno }
        }
        if code == 0, fsync(descriptor) != 0 { code = errno }
        close(descriptor)
        if code == 0, rename(scratch, path) != 0 { code = errno }
        guard code == 0 else {
            unlink(scratch)
            throw FileError(path, errno: code)
        }
    }
}
