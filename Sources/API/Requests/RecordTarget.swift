import Model

/// A part of a record with a path of its own.
enum Subresource: String {
    /// What the controller reports; written apart from what people ask for.
    case status
    /// How many members it has, in the form all kinds have in common.
    case scale

    /// Whether records of a kind have this part.
    func isOffered(by kind: Kind) -> Bool {
        switch self {
        case .status: kind.hasStatus
        case .scale: Scale.isOffered(by: kind)
        }
    }
}

extension RecordTarget {
    /// The version and kind of the documents at this path.
    var documentType: (apiVersion: String, kind: String) {
        subresource == .scale ? (Scale.apiVersion, Scale.kind) : (kind.kind.apiVersion, kind.kind.name)
    }
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
