internal import Model

/// The kinds a store takes, by the names its tables use.
struct KindTable: Sendable {
    private let kinds: [String: Kind]

    init(_ kinds: [Kind]) {
        self.kinds = Dictionary(kinds.map { ($0.tableName, $0) }) { first, _ in first }
    }

    subscript(tableName: String) -> Kind? { kinds[tableName] }

    /// The kind of namespaces, if this store has any.
    var namespaces: Kind? { kinds[Namespace.kind.tableName] }
}
