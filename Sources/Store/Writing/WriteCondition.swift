public import Model

/// What must hold of all records with a write among them; where it does not, the write is taken back.
///
/// It is judged in the very transaction of the write, so that of writes at the same moment each sees those before it:
/// what is counted here cannot be passed by two who count at once.
public struct WriteCondition: Sendable {
    private let problems: @Sendable (StoredRecords) throws(StoreError) -> [FieldProblem]

    /// Creates a condition.
    ///
    /// - Parameter problems: What is wrong with the write, seen from the records with it among them; none if it may
    ///   stay. It runs on the store's own thread and holds up all other writes: it must not wait for anything.
    public init(_ problems: @escaping @Sendable (StoredRecords) throws(StoreError) -> [FieldProblem]) {
        self.problems = problems
    }

    /// All of several conditions; nil where there is none.
    public static func all(_ conditions: [WriteCondition]) -> WriteCondition? {
        guard conditions.count > 1 else { return conditions.first }
        return WriteCondition { (records) throws(StoreError) in
            var problems: [FieldProblem] = []
            for condition in conditions { problems += try condition.problems(records) }
            return problems
        }
    }

    /// Refuses a write that does not meet the condition.
    ///
    /// - Throws: `.refused`.
    func check(_ id: RecordID, in transaction: RecordTransaction) throws(StoreError) {
        let problems = try problems(StoredRecords(transaction))
        guard problems.isEmpty else { throw .refused(id, problems) }
    }
}

/// The records as a write leaves them, before it is kept.
public struct StoredRecords {
    private let transaction: RecordTransaction

    init(_ transaction: RecordTransaction) {
        self.transaction = transaction
    }

    /// How many records of a kind there are in a namespace.
    public func count(_ kind: Kind, in namespace: String) throws(StoreError) -> Int {
        try transaction.count(kind, in: namespace)
    }

    /// The records of a kind in a namespace, or all of a kind without namespaces.
    public func documents(of kind: Kind, in namespace: String = "") throws(StoreError) -> [Value] {
        try transaction.rows(of: kind, in: namespace).map(\.draft.document)
    }

    /// The record of this kind and name; nil if there is none.
    public func document(of kind: Kind, named name: String, in namespace: String = "") throws(StoreError) -> Value? {
        try transaction.row(RecordID(kind, namespace: namespace, name: name))?.draft.document
    }
}
