import Glibc

/// A file that could not be read, and why.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file as it was named.
    public let path: String
    /// Why, as the end of a sentence.
    public let reason: String

    init(_ path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    init(_ path: String, errno code: CInt) {
        self.init(path, String(cString: strerror(code)).lowercased())
    }

    /// The sentence.
    public var description: String { "\(path): \(reason)" }
}

/// Reading whole files.
enum InputFile {
    /// The bytes of a file, at most `limit` of them.
    static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path, errno: errno) }
        defer { close(descriptor) }
        return try read(descriptor: descriptor, named: path, limit: limit)
    }

    /// All that comes through a descriptor until its end, at most `limit` bytes.
    static func read(descriptor: CInt, named name: String, limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let room = 1 << 16
            var count = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, initialised in
                count = Glibc.read(descriptor, buffer.baseAddress, room)
                initialised = max(0, count)
            }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw FileError(name, errno: errno)
            }
            if count == 0 { return bytes }
            bytes += chunk
            guard bytes.count <= limit else { throw FileError(name, "is larger than \(limit >> 20) MiB") }
        }
    }

    /// The text of a small file, without white space around it.
    static func text(_ path: String) throws(FileError) -> String {
        guard let text = String(validating: try read(path, limit: 1 << 20), as: UTF8.self) else {
            throw FileError(path, "is not UTF-8 text")
        }
        return text.trimmed
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a directory, sorted, without hidden ones.
    static func names(in path: String) throws(FileError) -> [String] {
        guard let directory = opendir(path) else { throw FileError(path, errno: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}

extension String {
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
