import Glibc

/// Reads a spool, revision by revision, as far as it has grown.
///
/// It belongs to one task.
public final class SpoolReader {
    private let spool: RevisionSpool
    private var next: Int64
    private var segment: RevisionSpool.Segment?
    private var descriptor: Int32 = -1
    private var window: SpoolWindow?
    private var offset = 0
    private var limit = 0

    init(_ spool: RevisionSpool, after revision: Int64) throws(ReplicationError) {
        self.spool = spool
        next = revision + 1
        guard revision >= spool.base, revision <= spool.last else {
            throw ReplicationError(
                .spool, spool.directory,
                "it holds the revisions behind \(spool.base) up to \(spool.last), and not those behind \(revision)",
                remedy: "begin again with a new snapshot of the source")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The next revision, nil if it is not there yet.
    ///
    /// - Throws: `ReplicationError` with `spool` if what is there is damaged, or was dropped.
    public func read() throws(ReplicationError) -> RevisionChanges? {
        guard next <= spool.last else { return nil }
        while true {
            if offset >= limit, try !advance() { return nil }
            guard let header = try window?.frame(at: offset, limit: limit), header.revision <= next else {
                throw SpoolSegment.damaged(segment?.path ?? spool.directory, "revision \(next) is damaged")
            }
            defer { offset += header.byteCount }
            guard header.revision == next else { continue }
            let changes = try window?.changes(header, at: offset)
            next += 1
            return changes
        }
    }

    /// Goes on with what was appended, or with the next segment.
    private func advance() throws(ReplicationError) -> Bool {
        guard let (current, isLast) = spool.segment(holding: next) else {
            guard next > spool.last else {
                throw SpoolSegment.damaged(spool.directory, "revision \(next) was dropped")
            }
            return false
        }
        if current.first != segment?.first {
            if descriptor >= 0 { close(descriptor) }
            descriptor = try SpoolFile.open(current.path, O_RDONLY)
            window = SpoolWindow(descriptor, path: current.path)
            offset = 0
        }
        segment = current
        // Earlier segments are not measured when a spool is opened; they are whole.
        limit = isLast ? current.byteCount : SpoolFile.size(of: descriptor)
        guard offset < limit else {
            throw SpoolSegment.damaged(current.path, "revision \(next) is missing")
        }
        return true
    }
}
