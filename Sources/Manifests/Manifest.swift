public import Model

/// A record as a file declares it, already checked, with the lines its fields stand in.
public struct Manifest: Sendable {
    /// The kind.
    public let kind: RegisteredKind
    /// The record as it was written, its namespace filled in.
    public let document: Value
    /// The record with every default filled in, as the store would hold it.
    public let normalised: Value
    /// The file.
    public let file: String
    private let source: SourceNode

    init(kind: RegisteredKind, document: Value, normalised: Value, file: String, source: SourceNode) {
        self.kind = kind
        self.document = document
        self.normalised = normalised
        self.file = file
        self.source = source
    }

    /// The record's name; empty where the server is to make one.
    public var name: String { document[path: "metadata", "name"]?.string ?? "" }

    /// The record's namespace; empty for kinds without one.
    public var namespace: String { document[path: "metadata", "namespace"]?.string ?? "" }

    /// The line the record begins in, from 1.
    public var line: Int { source.line }

    /// The line of a field, or of the nearest object or list around it where the file does not name the field.
    public func line(of path: FieldPath) -> Int { source.line(of: path) }

    /// The record as messages name it: `EtcdCluster "orders"`.
    public var displayName: String { Self.displayName(kind: kind.kind.name, source: source) }

    /// A problem with a field that somebody else found, such as the server, at its place in the file.
    public func problem(at path: FieldPath, _ message: String) -> ManifestProblem {
        ManifestProblem(file: file, line: line(of: path), record: displayName, path: path, message: message)
    }

    static func displayName(kind: String, source: SourceNode) -> String {
        let name = source["metadata"]?["name"]?.value.string ?? source["metadata"]?["generateName"]?.value.string
        return name.map { "\(kind) \"\($0)\"" } ?? kind
    }
}
