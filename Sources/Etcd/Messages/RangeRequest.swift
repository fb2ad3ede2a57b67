/// A question for the keys of a range.
///
/// Two traps of etcd are closed by its shape (etcd's own documentation mentions neither). A limit together with a sort
/// order or a revision filter does not limit what the server loads: it reads every value of the range first. So a
/// limit exists only for key order, and "by key, ascending" is sent as no sort at all. And a request whose range has a
/// far end costs the server time for every key up to there, whatever its limit; `KeyspaceReader` reads big ranges.
public struct RangeRequest: Sendable, Hashable {
    /// Which keys of the range are meant, and in which order.
    public enum Selection: Sendable, Hashable {
        /// All, in key order.
        case everything
        /// The first so many, in key order.
        case first(Int)
        /// All, in another order. The server loads and sorts the whole range: for small ranges only.
        case sorted(by: SortTarget, descending: Bool)
        /// Those last changed or created within revisions. The server loads the whole range: for small ranges only.
        case changed(RevisionFilter)
    }

    /// What keys are sorted by.
    public enum SortTarget: Int, Sendable, Hashable {
        /// The key.
        case key = 0
        /// The number of writes since its creation.
        case version = 1
        /// The revision of its creation.
        case createRevision = 2
        /// The revision of its last change.
        case modRevision = 3
        /// The value.
        case value = 4
    }

    /// Bounds on the revisions of a key, inclusive; nil does not bound.
    public struct RevisionFilter: Sendable, Hashable {
        /// The lowest revision of the last change.
        public var minimumModRevision: Int64?
        /// The highest revision of the last change.
        public var maximumModRevision: Int64?
        /// The lowest revision of the creation.
        public var minimumCreateRevision: Int64?
        /// The highest revision of the creation.
        public var maximumCreateRevision: Int64?

        /// Makes a filter.
        public init(
            minimumModRevision: Int64? = nil, maximumModRevision: Int64? = nil, minimumCreateRevision: Int64? = nil,
            maximumCreateRevision: Int64? = nil
        ) {
            self.minimumModRevision = minimumModRevision
            self.maximumModRevision = maximumModRevision
            self.minimumCreateRevision = minimumCreateRevision
            self.maximumCreateRevision = maximumCreateRevision
        }
    }

    /// How much of each key is wanted.
    public enum Content: Sendable, Hashable {
        /// Keys and values.
        case keyValues
        /// Keys without values. Before etcd 3.7 the server reads the values all the same.
        case keysOnly
        /// Only how many there are.
        case countOnly
    }

    /// The keys in question.
    public var range: KeyRange
    /// Which of them, and in which order.
    public var selection: Selection
    /// How much of each.
    public var content: Content
    /// The revision to read at, or 0 for the newest.
    public var revision: Int64
    /// Whether the member answers from what it has, without asking the leader whether that is the newest.
    ///
    /// At a pinned revision both give the same, and only a serializable read also works on a member without a leader
    /// and on a learner.
    public var isSerializable: Bool

    /// Makes a request.
    public init(
        _ range: KeyRange, selection: Selection = .everything, content: Content = .keyValues, revision: Int64 = 0,
        isSerializable: Bool = false
    ) {
        self.range = range
        self.selection = selection
        self.content = content
        self.revision = revision
        self.isSerializable = isSerializable
    }
}

extension RangeRequest: EncodableMessage {
    func encode(to writer: inout ProtobufWriter) {
        writer.bytes(1, range.start)
        writer.bytes(2, range.encodedEnd)
        if case .first(let limit) = selection { writer.int64(3, Int64(max(limit, 1))) }
        writer.int64(4, revision)
        if case .sorted(let target, let descending) = selection, target != .key || descending {
            writer.uint64(5, descending ? 2 : 1)
            writer.uint64(6, UInt64(target.rawValue))
        }
        writer.bool(7, isSerializable)
        writer.bool(8, content == .keysOnly)
        writer.bool(9, content == .countOnly)
        if case .changed(let filter) = selection {
            writer.int64(10, filter.minimumModRevision ?? 0)
            writer.int64(11, filter.maximumModRevision ?? 0)
            writer.int64(12, filter.minimumCreateRevision ?? 0)
            writer.int64(13, filter.maximumCreateRevision ?? 0)
        }
    }
}
