import Glibc

/// The files of a spool: how they are named and where their whole frames end.
enum SpoolSegment {
    /// How the name of a segment ends.
    static let suffix = ".revisions"
    private static let digits = 20

    /// The name of the segment that begins with a revision; names sort as revisions do.
    static func name(_ first: Int64) -> String {
        let number = String(first)
        return String(repeating: "0", count: max(digits - number.utf8.count, 0)) + number + suffix
    }

    /// The first revision of a segment by its name.
    static func first(of name: String) -> Int64? { Int64(name.dropLast(suffix.count)) }

    /// Finds the end of the whole frames of a segment and cuts off what is behind it.
    ///
    /// - Returns: the last revision and where it ends; nil if there is no whole frame.
    static func cutTorn(
        _ path: String, first: Int64
    ) throws(ReplicationError) -> (last: Int64, byteCount: Int)? {
        let descriptor = try SpoolFile.open(path, O_RDWR)
        defer { close(descriptor) }
        let size = SpoolFile.size(of: descriptor)
        var window = SpoolWindow(descriptor, path: path)
        var (end, next) = (0, first)
        while let header = try window.frame(at: end, limit: size) {
            guard header.revision == next else { throw damaged(path, "revision \(next) is missing") }
            next += 1
            end += header.byteCount
        }
        if end < size, ftruncate(descriptor, off_t(end)) != 0 {
            throw SpoolFile.failure(path, "its torn end cannot be cut off")
        }
        return next == first ? nil : (next - 1, end)
    }

    /// The error for a file that is not what was written.
    static func damaged(_ path: String, _ what: String) -> ReplicationError {
        ReplicationError(
            .spool, path, what, remedy: "begin again with a new snapshot of the source and an empty directory")
    }
}

/// Where the changes of a spool come from.
struct SpoolOrigin {
    var clusterID: UInt64
    var base: Int64

    private static func path(in directory: String) -> String { "\(directory)/origin" }

    static func read(in directory: String) throws(ReplicationError) -> SpoolOrigin? {
        guard let text = try SpoolFile.text(of: path(in: directory)) else { return nil }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 4, words[0] == "cluster", words[2] == "behind", let base = Int64(words[3]),
            let clusterID = UInt64(words[1], radix: 16)
        else { throw SpoolSegment.damaged(path(in: directory), "it does not say where the changes come from") }
        return SpoolOrigin(clusterID: clusterID, base: base)
    }

    func write(in directory: String) throws(ReplicationError) {
        try SpoolFile.replace(
            Self.path(in: directory), with: "cluster \(String(clusterID, radix: 16)) behind \(base)\n")
    }
}
