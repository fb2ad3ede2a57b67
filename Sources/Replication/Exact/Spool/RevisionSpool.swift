import Etcd
import Glibc
import Synchronization

/// The changes of a source on the local disk, revision by revision, without a gap.
///
/// A directory holds segments of frames with checksums (`SpoolFrame`) and one small file that says which cluster they
/// come from and behind which revision they begin. One writer appends whole revisions; any number of readers read from
/// any revision in it, also while it grows. A process that is killed leaves at most a torn frame at the end, which is
/// cut off when the spool is opened again. It is not synced to the disk at every revision: what a power cut takes away
/// the source still has.
public final class RevisionSpool: Sendable {
    /// How a spool is kept.
    public struct Options: Sendable {
        /// The size at which another segment is begun, in bytes; what can be dropped is whole segments.
        public var segmentByteCount = 32 << 20

        /// The defaults.
        public init() {}
    }

    struct Segment {
        /// The first revision in it.
        var first: Int64
        var path: String
        /// The bytes of whole frames in it.
        var byteCount: Int
    }

    private struct State {
        var clusterID: UInt64 = 0
        var base: Int64 = 0
        var last: Int64 = 0
        var segments: [Segment] = []
        /// The descriptor of the last segment.
        var writing: Int32 = -1
        var nextListener = 0
        var listeners: [Int: @Sendable () -> Void] = [:]
    }

    /// The directory.
    public let directory: String
    private let options: Options
    private let state: Mutex<State>

    /// Opens the spool in a directory, which is made if it does not exist; a torn frame at the end is cut off.
    ///
    /// - Throws: `ReplicationError` with the code `spool` if the disk fails or the files are not those of a spool.
    public init(directory: String, options: Options = Options()) throws(ReplicationError) {
        self.directory = directory
        self.options = options
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw SpoolFile.failure(directory, "it cannot be made")
        }
        var found = State()
        if let origin = try SpoolOrigin.read(in: directory) {
            (found.clusterID, found.base) = (origin.clusterID, origin.base)
        }
        for name in try SpoolFile.names(in: directory, suffix: SpoolSegment.suffix) {
            let path = "\(directory)/\(name)"
            guard found.clusterID != 0, let first = SpoolSegment.first(of: name) else {
                throw SpoolSegment.damaged(path, "it belongs to no spool")
            }
            found.segments.append(Segment(first: first, path: path, byteCount: 0))
        }
        // A segment is begun only when a frame follows, so one without a whole frame was torn by a kill.
        found.last = found.base
        for index in found.segments.indices.reversed() {
            let segment = found.segments[index]
            let end = try SpoolSegment.cutTorn(segment.path, first: segment.first)
            guard let end else {
                guard unlink(segment.path) == 0 else { throw SpoolFile.failure(segment.path, "it cannot be removed") }
                found.segments.removeLast()
                continue
            }
            found.segments[index].byteCount = end.byteCount
            found.last = end.last
            found.writing = try SpoolFile.open(segment.path, O_RDWR)
            break
        }
        if let first = found.segments.first?.first { found.base = first - 1 }
        state = Mutex(found)
    }

    deinit {
        let descriptor = state.withLock { $0.writing }
        if descriptor >= 0 { close(descriptor) }
    }

    /// The cluster that the changes come from, 0 as long as nothing is recorded.
    public var clusterID: UInt64 { state.withLock { $0.clusterID } }

    /// The revision behind which the spool begins: `base + 1` is the first one in it.
    public var base: Int64 { state.withLock { $0.base } }

    /// The last revision in it; `base` if there is none.
    public var last: Int64 { state.withLock { $0.last } }

    /// The bytes on the disk.
    public var byteCount: Int {
        let segments = state.withLock { $0.segments }
        // Earlier segments are not read when a spool is opened, so only the system knows their sizes.
        return segments.reduce(0) { sum, segment in
            var status = stat()
            return sum + (stat(segment.path, &status) == 0 ? Int(status.st_size) : 0)
        }
    }

    /// Says which cluster the changes come from and behind which revision they begin; only for an empty spool.
    public func begin(clusterID: UInt64, base: Int64) throws(ReplicationError) {
        guard state.withLock({ $0.segments.isEmpty }) else {
            throw ReplicationError(
                .spool, directory, "it has changes already", remedy: "begin a new spool in an empty directory")
        }
        try SpoolOrigin(clusterID: clusterID, base: base).write(in: directory)
        state.withLock { state in
            (state.clusterID, state.base, state.last) = (clusterID, base, base)
        }
    }

    /// Appends whole revisions, encoded one after the other, from `first` to `last`.
    ///
    /// - Throws: `ReplicationError` with `gap` if `first` does not follow the last revision, with `spool` if the disk
    ///   fails, after which what was there before is there still.
    func append(_ frames: [UInt8], first: Int64, last: Int64) throws(ReplicationError) {
        let (expected, current) = state.withLock { ($0.last + 1, $0.segments.last) }
        guard first == expected else {
            throw ReplicationError(
                .gap, directory, "revision \(first) came where \(expected) was due",
                remedy: "take a new snapshot of the source and begin again")
        }
        var segment = current ?? Segment(first: first, path: "", byteCount: .max)
        if segment.byteCount >= options.segmentByteCount {
            segment = Segment(first: first, path: "\(directory)/\(SpoolSegment.name(first))", byteCount: 0)
            let descriptor = try SpoolFile.open(segment.path, O_RDWR | O_CREAT | O_TRUNC)
            let former = state.withLock { state in
                defer { state.writing = descriptor }
                return state.writing
            }
            if former >= 0 { close(former) }
        }
        let descriptor = state.withLock { $0.writing }
        do {
            try SpoolFile.write(frames, to: descriptor, at: segment.byteCount, path: segment.path)
        } catch {
            // What was written in part must not stand before what comes next.
            ftruncate(descriptor, off_t(segment.byteCount))
            throw error
        }
        segment.byteCount += frames.count
        let listeners = state.withLock { state in
            if state.segments.last?.first == segment.first {
                state.segments[state.segments.count - 1] = segment
            } else {
                state.segments.append(segment)
            }
            state.last = last
            return Array(state.listeners.values)
        }
        for listener in listeners { listener() }
    }

    /// Removes segments that hold nothing behind `revision`; the last one stays.
    ///
    /// - Returns: the new base.
    @discardableResult
    public func drop(through revision: Int64) throws(ReplicationError) -> Int64 {
        while true {
            let victim = state.withLock { state -> Segment? in
                guard state.segments.count > 1, state.segments[1].first - 1 <= revision else { return nil }
                let victim = state.segments.removeFirst()
                state.base = state.segments[0].first - 1
                return victim
            }
            guard let victim else { return base }
            // A reader that is still in it keeps its descriptor.
            guard unlink(victim.path) == 0 else { throw SpoolFile.failure(victim.path, "it cannot be removed") }
        }
    }

    /// A reader of everything behind `revision`.
    ///
    /// - Throws: `ReplicationError` with `spool` if that is no longer, or never was, in the spool.
    public func reader(after revision: Int64) throws(ReplicationError) -> SpoolReader {
        try SpoolReader(self, after: revision)
    }

    /// Calls `body` whenever the spool has grown, from the writer's thread, until the number returned is given back.
    func listen(_ body: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.nextListener += 1
            state.listeners[state.nextListener] = body
            return state.nextListener
        }
    }

    /// Ends what `listen` began.
    func stopListening(_ number: Int) {
        state.withLock { _ = $0.listeners.removeValue(forKey: number) }
    }

    /// The segment that holds `revision`, and whether another follows it.
    func segment(holding revision: Int64) -> (segment: Segment, isLast: Bool)? {
        state.withLock { state in
            guard revision > state.base, revision <= state.last,
                let index = state.segments.lastIndex(where: { $0.first <= revision })
            else { return nil }
            return (state.segments[index], index == state.segments.count - 1)
        }
    }
}
