import Glibc
import Model

/// A note beside a staging file about the upload of its parts, written before the first part leaves.
///
/// Whoever finds it later can go on with the upload, or end it if the writer is gone. Without it nobody could tell an
/// upload of ours from one that another writer has under way.
struct UploadJournal {
    /// What the names of notes end with.
    static let suffix = ".upload"

    /// What a note says.
    struct Entry: Structure, Equatable {
        /// The name of the object within the bucket.
        var name = ""
        /// The storage's own name for the upload.
        var uploadID = ""
        /// What tells this upload's object from one another writer makes.
        var token = ""
        /// The size of the staged file in bytes.
        var byteCount: Int64 = 0
        /// The size of the parts in bytes.
        var partByteCount: Int64 = 0

        /// The fields.
        static let fields: [Field<Entry>] = [
            Field("name", \.name, "The name of the object within the bucket.", required: true),
            Field("uploadID", \.uploadID, "The storage's own name for the upload.", required: true),
            Field("token", \.token, "What tells this upload's object from others.", required: true),
            Field("byteCount", \.byteCount, "The size of the staged file in bytes.", required: true),
            Field("partByteCount", \.partByteCount, "The size of the parts in bytes.", required: true),
        ]
    }

    /// The note's own path.
    let path: String

    /// The note about a staging file.
    init(besides stagingPath: String) {
        path = stagingPath + Self.suffix
    }

    /// A note that was found.
    init(path: String) {
        self.path = path
    }

    /// The staging file it is about.
    var stagingPath: String { String(path.dropLast(Self.suffix.count)) }

    /// What it says; nil if there is none, or one that was cut off while it was written.
    func read() -> Entry? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, count in
            count = max(Glibc.read(descriptor, buffer.baseAddress, buffer.count), 0)
        }
        guard let value = try? Value(json: bytes) else { return nil }
        var decoding = Decoding()
        return Entry.decode(value, &decoding)
    }

    /// Writes it down for good, before anything it speaks of is done.
    func write(_ entry: Entry) throws(ArchiveError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("creating a file", path, errno: errno) }
        defer { close(descriptor) }
        let bytes = Array(entry.encoded.json.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw .system("writing the note about an upload", path, errno: errno)
        }
        try FileTree.synchronize(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)))
    }

    /// Removes it; nothing happens if there is none.
    func remove() { unlink(path) }
}
