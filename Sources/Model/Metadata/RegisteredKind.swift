/// A kind with what can be done to its records without knowing their type: check, normalise, show.
public struct RegisteredKind: Sendable {
    /// The kind.
    public let kind: Kind
    /// What its records are for, in a sentence or two.
    public let summary: String
    /// The schema of its records, without `apiVersion` and `kind`.
    public let schema: Schema
    /// The headings of its table, after the name.
    public let columns: [Heading]
    private let normalise: @Sendable (Value) throws(InvalidRecord) -> Value
    private let makeCells: @Sendable (any RecordSource, Timestamp) -> [TableCell]?

    /// A column without its cells.
    public struct Heading: Sendable, Equatable {
        /// The heading.
        public let name: String
        /// What the column shows.
        public let description: String
        /// The kind of its cells, as Kubernetes names it.
        public let type: String
        /// Whether it shows only in wide tables.
        public let isWide: Bool
    }

    /// Registers a type of record.
    public init<Record: Resource>(_ type: Record.Type) {
        kind = Record.kind
        summary = Record.summary
        schema = Record.schema
        columns = Record.columns.map {
            Heading(name: $0.name, description: $0.description, type: $0.type.rawValue, isWide: $0.isWide)
        }
        normalise = { (document) throws(InvalidRecord) in try Record(document: document).document }
        makeCells = { source, now in
            guard let record = try? source.decoded(as: Record.self) else { return nil }
            return Record.columns.map { column in
                switch column.content {
                case .lasting(let value): .lasting(value(record))
                case .age(let moment): .age(moment(record))
                case .passing(let value): .passing(value(record, now))
                }
            }
        }
    }

    /// Reads a document of this kind strictly and writes it back with its defaults filled in.
    ///
    /// - Throws: `InvalidRecord` with every problem of every field.
    public func normalised(_ document: Value) throws(InvalidRecord) -> Value {
        try normalise(document)
    }

    /// The cells of a record's row after its name; nil if what is given is not a valid record of this kind.
    public func cells(of source: any RecordSource, at now: Timestamp) -> [TableCell]? {
        makeCells(source, now)
    }

    /// All kinds, in the order in which they are explained and applied: namespaces and secrets first.
    public static let all: [RegisteredKind] = [
        RegisteredKind(Namespace.self), RegisteredKind(Secret.self), RegisteredKind(EtcdCluster.self),
        RegisteredKind(EtcdInspection.self), RegisteredKind(EtcdBackup.self), RegisteredKind(EtcdMigration.self),
        RegisteredKind(Role.self), RegisteredKind(RoleBinding.self), RegisteredKind(AccessToken.self),
        RegisteredKind(Event.self),
    ]

    /// The kind a person means by a word: its name, plural, singular or a short name, with or without the group.
    public static func named(_ word: String) -> RegisteredKind? {
        let word = word.lowercased()
        return all.first { registered in
            let kind = registered.kind
            return [kind.singular, kind.plural, kind.qualifiedPlural].contains(word) || kind.shortNames.contains(word)
        }
    }

    /// The kind a document claims by `apiVersion` and `kind`.
    public static func claimed(apiVersion: String, kind: String) -> RegisteredKind? {
        all.first { $0.kind.apiVersion == apiVersion && $0.kind.name == kind }
    }
}

extension Resource {
    /// Reads a record from a document, strictly, and fills in its defaults.
    ///
    /// - Throws: `InvalidRecord` with every problem of every field.
    public init(document: Value) throws(InvalidRecord) {
        let name =
            document[path: "metadata", "name"]?.string ?? document[path: "metadata", "generateName"]?.string ?? ""
        guard var members = document.members else {
            throw InvalidRecord(
                kind: Self.kind.name, name: name,
                problems: [FieldProblem("", .invalid, "a record must be an object, not \(document.typeName)")])
        }
        var problems: [FieldProblem] = []
        for (field, expected) in [("apiVersion", Self.kind.apiVersion), ("kind", Self.kind.name)] {
            if let given = members[field], given != .string(expected) {
                problems.append(FieldProblem(FieldPath([.member(field)]), .invalid, "must be \"\(expected)\" here"))
            }
            members[field] = nil
        }
        var decoding = Decoding()
        let decoded = Self.decode(.object(members), &decoding)
        problems += decoding.problems
        guard problems.isEmpty, var record = decoded else {
            throw InvalidRecord(kind: Self.kind.name, name: name, problems: problems)
        }
        record.applyDefaults()
        problems = record.metadata.validate(for: Self.kind) + record.validate()
        guard problems.isEmpty else { throw InvalidRecord(kind: Self.kind.name, name: name, problems: problems) }
        self = record
    }

    /// The record as a document, with `apiVersion` and `kind`.
    public var document: Value {
        var members: Value.Members = [
            "apiVersion": .string(Self.kind.apiVersion), "kind": .string(Self.kind.name),
        ]
        if let own = encoded.members {
            for (key, value) in own {
                members.append(key, value)
            }
        }
        return .object(members)
    }
}

extension ObjectMeta {
    /// What is wrong with the names, by the rules of Kubernetes for object names (RFC 1123 subdomains) and labels.
    func validate(for kind: Kind) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if name.isEmpty, generateName == nil {
            problems.append(FieldProblem("metadata.name", .required, "must be given"))
        } else if !name.isEmpty, !Self.isSubdomain(name) {
            problems.append(
                FieldProblem(
                    "metadata.name", .invalid,
                    "\"\(name)\" is no valid name: use at most 253 lower-case letters, digits, '-' and '.', and begin "
                        + "and end with a letter or digit"))
        }
        if kind.isNamespaced, !namespace.isEmpty, !Self.isSubdomain(namespace) || namespace.count > 63 {
            problems.append(FieldProblem("metadata.namespace", .invalid, "\"\(namespace)\" is no valid namespace name"))
        }
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) where value.utf8.count > 63 || key.isEmpty {
            problems.append(
                FieldProblem(
                    FieldPath("metadata.labels").appending(key), .invalid, "a label value has at most 63 characters"))
        }
        return problems
    }

    /// Whether a name is one of those that DNS has (RFC 1123).
    static func isSubdomain(_ name: String) -> Bool {
        guard (1...253).contains(name.utf8.count) else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            let isPlain = part.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
            return isPlain && !part.isEmpty && !part.hasPrefix("-") && !part.hasSuffix("-")
        }
    }
}
