import Glibc

/// A small secret file that is there whole or not at all, and readable only by its owner.
struct CredentialFile {
    /// More than any certificate or kubeconfig; what is larger is none.
    private static let limit = 1 << 20

    let path: String

    /// The file's text; nil if there is no such file.
    ///
    /// A file that others may read is closed to them first, if it is one of our own.
    func read(closing: Bool = true) throws(CredentialsError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure() }
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure() }
        if closing, status.st_mode & 0o077 != 0, fchmod(descriptor, 0o600) != 0 {
            throw .inaccessible(path: path, reason: "others may read it and its mode cannot be changed to 0600")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw failure() }
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count <= Self.limit else { throw .damaged(path: path, reason: "it is larger than 1 MiB") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .damaged(path: path, reason: "it is not text")
        }
        return text
    }

    /// Puts the text in place of the file, in one step that survives a crash at any moment.
    func write(_ text: String) throws(CredentialsError) {
        let draft = path + ".new"
        // A draft that is there already was left by a crash.
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                let reason = failure()
                close(descriptor)
                unlink(draft)
                throw reason
            }
            bytes = bytes.dropFirst(count)
        }
        let isSafe = fsync(descriptor) == 0
        guard close(descriptor) == 0, isSafe, rename(draft, path) == 0 else {
            let reason = failure()
            unlink(draft)
            throw reason
        }
        try Self.synchronise(directory: directory)
    }

    /// Puts the text in place of the file unless it is there already.
    func writeIfDifferent(_ text: String) throws(CredentialsError) {
        guard try read() != text else { return }
        try write(text)
    }

    /// Makes a directory for secrets where there is none.
    static func makeDirectory(_ path: String) throws(CredentialsError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw .inaccessible(path: path, reason: String(cString: strerror(errno)))
    }

    private var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func synchronise(directory: String) throws(CredentialsError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .inaccessible(path: directory, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .inaccessible(path: directory, reason: String(cString: strerror(errno)))
        }
    }

    private func failure() -> CredentialsError {
        .inaccessible(path: path, reason: String(cString: strerror(errno)))
    }
}
