/// What a removal depends on, and what becomes of dependents.
public struct DeleteOptions: Sendable, Equatable {
    /// The identity the record must have; nil for any.
    public var uid: String?
    /// The version the record must have; nil for any.
    public var resourceVersion: String?
    /// Whether records owned by this one stay, without an owner, instead of going with it.
    public var orphansDependents = false
    /// Whether to say what would happen and change nothing.
    public var isDryRun = false

    /// A removal without conditions, of the record and what it owns.
    public init() {}

    /// A removal of the very record with this identity.
    public init(uid: String) {
        self.uid = uid
    }
}

/// What became of a removal.
public enum Deletion: Sendable, Equatable {
    /// The record is gone; this was its last state, with the revision of its removal.
    case removed(Record)
    /// The record is marked; it goes when its last finalizer does.
    case pending(Record)
}
