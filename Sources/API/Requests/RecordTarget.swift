import Model

/// A part of a record with a path of its own.
enum Subresource: String {
    /// What the controller reports; written apart from what people ask for.
    case status
}

/// The records a path leads to.
struct RecordTarget {
    /// Their kind.
    let kind: RegisteredKind
    /// The namespace; nil for all, and for kinds without one.
    let namespace: String?
    /// The name; nil for all.
    let name: String?
    /// The part of the record.
    let subresource: Subresource?
}
