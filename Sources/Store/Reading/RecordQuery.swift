public import Model

/// Which records a list or watch is about.
public struct RecordQuery: Sendable {
    /// The kind.
    public var kind: Kind
    /// The namespace; nil for all.
    public var namespace: String?
    /// The name; nil for all (Kubernetes' field selector `metadata.name`).
    public var name: String?
    /// The labels records must have.
    public var labels: LabelSelector
    /// The values of fields records must have.
    ///
    /// In a watch only fields that never change within a record's life.
    public var fields: FieldSelector
    /// How many records a list returns at most; nil for all.
    public var limit: Int?
    /// Where the list goes on, from the list before.
    public var continuation: ContinueToken?
    /// The revision of a list; nil for the newest.
    public var revision: Int64?

    /// All records of a kind, or those of one namespace.
    public init(
        _ kind: Kind, namespace: String? = nil, name: String? = nil, labels: LabelSelector = LabelSelector(),
        fields: FieldSelector = FieldSelector()
    ) {
        self.kind = kind
        self.namespace = kind.isNamespaced ? namespace : nil
        self.name = name
        self.labels = labels
        self.fields = fields
    }

    /// Whether rows must be looked into to know which are wanted.
    var needsDocument: Bool { !labels.isEmpty || !fields.isEmpty }

    /// Whether a record is one of those meant, its kind aside.
    func matches(_ record: Record) -> Bool {
        if let namespace, namespace != record.id.namespace { return false }
        if let name, name != record.id.name { return false }
        return labels.matches(record.labels) && fields.matches(record.document)
    }
}

/// A list of records as they were at one revision.
public struct RecordList: Sendable {
    /// The records, in order of namespace and name.
    public let records: [Record]
    /// The revision; a watch from here misses nothing and repeats nothing.
    public let revision: Int64
    /// Where the list goes on; nil at its end.
    public let continuation: ContinueToken?
}

/// A list of records as they were at one revision, not parsed.
public struct RecordListing: Sendable {
    /// The records, in order of namespace and name.
    public let records: [ListedRecord]
    /// The revision; a watch from here misses nothing and repeats nothing.
    public let revision: Int64
    /// Where the list goes on; nil at its end.
    public let continuation: ContinueToken?
    /// How many records follow; nil at the end, and where selectors would have to be asked about each.
    public let remaining: Int?
}

/// The place where a list was cut, and the revision at which it is read.
public struct ContinueToken: Sendable, Equatable {
    /// The revision the list is of; nil to go on with whatever is newest.
    let revision: Int64?
    let namespace: String
    let name: String

    init(revision: Int64?, namespace: String, name: String) {
        self.revision = revision
        self.namespace = namespace
        self.name = name
    }

    /// The token of a text that `text` gave; nil for any other.
    public init?(_ text: String) {
        guard let bytes = Base64.decode(text) else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard parts.count == 3, let revision = Int64(parts[0]) else { return nil }
        self.init(revision: revision < 0 ? nil : revision, namespace: String(parts[1]), name: String(parts[2]))
    }

    /// The same place in whatever is newest when it is used: what changed in between may be told twice or not at all.
    public var inconsistent: ContinueToken { ContinueToken(revision: nil, namespace: namespace, name: name) }

    /// The token as clients carry it.
    public var text: String {
        Base64.encode(Array("\(revision ?? -1)\n\(namespace)\n\(name)".utf8))
    }
}
