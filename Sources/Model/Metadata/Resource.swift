/// A record: a structure with a kind and metadata.
public protocol Resource: Structure {
    /// The kind.
    static var kind: Kind { get }

    /// What records of the kind are for, in a sentence or two, as `kubectl explain` shows it.
    static var summary: String { get }

    /// Identity, labels and history.
    var metadata: ObjectMeta { get set }

    /// The columns in which lists of this kind are shown, after the name.
    static var columns: [Column<Self>] { get }

    /// Fills in what follows from other fields, so that what is stored shows what is meant.
    mutating func applyDefaults()

    /// What is wrong with the record as a whole, beyond what each field says of itself.
    func validate() -> [FieldProblem]
}

extension Resource {
    /// Nothing to fill in.
    public mutating func applyDefaults() {}

    /// Nothing to find.
    public func validate() -> [FieldProblem] { [] }

    /// The namespace and name, as messages show it.
    public var displayName: String {
        metadata.namespace.isEmpty ? metadata.name : "\(metadata.namespace)/\(metadata.name)"
    }
}

/// A record that says what is wanted in `spec` and what is in `status`.
public protocol SpecifiedResource: Resource {
    /// What people declare.
    associatedtype Spec: Structure
    /// What the controller reports.
    associatedtype Status: Structure

    /// What is wanted.
    var spec: Spec { get set }

    /// What is.
    var status: Status { get set }
}

/// A column of the table in which a list of records is shown.
public struct Column<Record: Sendable>: Sendable {
    /// The kinds of cells, as Kubernetes names them.
    public enum CellType: String, Sendable {
        /// Text.
        case string
        /// A whole number.
        case integer
        /// A number.
        case number
        /// A truth value.
        case boolean
        /// A time, shown as an age.
        case date
    }

    /// The heading.
    public let name: String
    /// What the column shows, in a sentence.
    public let description: String
    /// The kind of its cells.
    public let type: CellType
    /// Whether it shows only in wide tables.
    public let isWide: Bool
    /// What a cell is made of.
    enum Content: Sendable {
        /// What the record says, at any time.
        case lasting(@Sendable (Record) -> Value)
        /// How long ago a moment is that the record names.
        case age(@Sendable (Record) -> Timestamp?)
        /// Anything else that depends on the time.
        case passing(@Sendable (Record, Timestamp) -> Value)
    }

    let content: Content

    /// The cell of a record at a moment.
    public func cell(_ record: Record, _ now: Timestamp) -> Value {
        switch content {
        case .lasting(let value): value(record)
        case .age(let moment): moment(record).map { .string((now - $0).ageText) } ?? .null
        case .passing(let value): value(record, now)
        }
    }

    /// Creates a column of what records say, whatever the time; only such cells and ages are kept between lists.
    public init(
        _ name: String, _ description: String, type: CellType = .string, wide: Bool = false,
        _ cell: @escaping @Sendable (Record) -> Value
    ) {
        self.init(name, description, type, wide, .lasting(cell))
    }

    /// Creates a column that shows how long ago something was.
    public init(
        _ name: String, _ description: String, wide: Bool = false, since: @escaping @Sendable (Record) -> Timestamp?
    ) {
        self.init(name, description, .string, wide, .age(since))
    }

    /// Creates a column whose cells depend on the time.
    public init(
        _ name: String, _ description: String, type: CellType = .string, wide: Bool = false,
        _ cell: @escaping @Sendable (Record, Timestamp) -> Value
    ) {
        self.init(name, description, type, wide, .passing(cell))
    }

    private init(_ name: String, _ description: String, _ type: CellType, _ isWide: Bool, _ content: Content) {
        self.name = name
        self.description = description
        self.type = type
        self.isWide = isWide
        self.content = content
    }
}

extension Column where Record: Resource {
    /// The age of the record.
    public static var age: Column {
        Column("Age", "How long ago the record was created.", since: { $0.metadata.creationTimestamp })
    }
}
