import Glibc

/// The system calls of a spool, with the path in every error.
enum SpoolFile {
    /// Opens a file, or fails with what the system says.
    static func open(_ path: String, _ flags: Int32) throws(ReplicationError) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path, "it cannot be opened") }
        return descriptor
    }

    /// Writes all bytes at an offset.
    static func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, path: String) throws(ReplicationError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                pwrite(descriptor, all.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset + done))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure(path, "it cannot be written") }
            done += count
        }
    }

    /// Reads up to so many bytes at an offset; fewer only at the end of the file.
    static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int, path: String
    ) throws(ReplicationError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "it cannot be read") }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// The size of an open file.
    static func size(of descriptor: Int32) -> Int { Int(max(lseek(descriptor, 0, SEEK_END), 0)) }

    /// The names in a directory that end with `suffix`, in order.
    static func names(in directory: String, suffix: String) throws(ReplicationError) -> [String] {
        guard let stream = opendir(directory) else { throw failure(directory, "it cannot be read") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted()
    }

    /// Writes a small file in one step: whoever reads it sees the old or the new text.
    static func replace(_ path: String, with text: String) throws(ReplicationError) {
        let temporary = path + ".new"
        let descriptor = try open(temporary, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(descriptor) }
        try write(Array(text.utf8), to: descriptor, at: 0, path: temporary)
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure(path, "it cannot be replaced") }
    }

    /// The text of a small file, nil where there is none.
    static func text(of path: String) throws(ReplicationError) -> String? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure(path, "it cannot be read") }
            return nil
        }
        defer { close(descriptor) }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { bytes.deallocate() }
        let count = try read(descriptor, into: bytes, at: 0, path: path)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// The error for a call that has just failed.
    static func failure(_ path: String, _ what: String) -> ReplicationError {
        let reason = String(cString: strerror(errno))
        return ReplicationError(
            .spool, path, "\(what) (\(reason))", remedy: "see to the disk: space, permissions, its health")
    }
}
