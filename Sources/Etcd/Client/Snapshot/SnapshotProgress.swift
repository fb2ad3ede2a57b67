/// How far a snapshot is, from what its pieces say.
struct SnapshotProgress: Sendable {
    /// What a piece means.
    enum Step: Sendable, Hashable {
        /// It brings bytes.
        case some
        /// It brings none, which may happen.
        case nothing
        /// It is one of so many without bytes that no more will come.
        case stuck
    }

    /// So many pieces in a row may be empty.
    ///
    /// etcd (all releases up to 3.7) ignores errors of its disk here and goes on sending empty pieces for ever.
    static let patience = 64

    private var emptyPieces = 0
    private var remaining: UInt64?

    /// Whether the member has said that nothing is to come any more.
    var isComplete: Bool { remaining == 0 }

    /// Takes note of a piece.
    mutating func take(_ byteCount: Int, remaining: UInt64) -> Step {
        self.remaining = remaining
        emptyPieces = byteCount == 0 ? emptyPieces + 1 : 0
        if emptyPieces == 0 { return .some }
        return emptyPieces < Self.patience ? .nothing : .stuck
    }
}
