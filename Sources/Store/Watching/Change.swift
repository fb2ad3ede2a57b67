internal import Model

/// One entry of the change log.
struct Change: Sendable {
    /// What happened.
    enum Kind: Int64, Sendable {
        /// Nothing: a former state kept because a later entry refers to it.
        case base = 0
        /// The record came into being.
        case added = 1
        /// The record says something else.
        case modified = 2
        /// The record is gone.
        case deleted = 3
    }

    let kind: Kind
    /// The state after the change; for a removal the last state, with the revision of the removal.
    let record: Record
    /// The state before it.
    let previous: Record?
    /// The record's kind as the tables name it.
    let kindName: String

    init(kind: Kind, record: Record, previous: Record?) {
        self.kind = kind
        self.record = record
        self.previous = previous
        kindName = record.id.kind.tableName
    }

    var revision: Int64 { record.revision }
}
