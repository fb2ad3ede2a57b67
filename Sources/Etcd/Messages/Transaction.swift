/// Operations that etcd applies together at one revision, or does not apply: if all conditions hold `success`, else
/// `failure`.
///
/// A member accepts at most 128 conditions or operations at each level (`--max-txn-ops`), writes a key at most once in
/// a transaction, and takes requests up to 1.5 MiB (`--max-request-bytes`).
public struct Transaction: Sendable, Hashable {
    /// The conditions; without any, they hold.
    public var conditions: [Compare]
    /// What is done if all conditions hold.
    public var success: [Operation]
    /// What is done otherwise.
    public var failure: [Operation]

    /// Makes a transaction.
    public init(if conditions: [Compare] = [], then success: [Operation], otherwise failure: [Operation] = []) {
        self.conditions = conditions
        self.success = success
        self.failure = failure
    }

    /// One operation of a transaction.
    public indirect enum Operation: Sendable, Hashable {
        /// Reads a range.
        case range(RangeRequest)
        /// Writes a key.
        case put(PutRequest)
        /// Deletes keys.
        case deleteRange(DeleteRangeRequest)
        /// Evaluates and applies a nested transaction.
        case transaction(Transaction)

        /// Whether the operation only reads.
        public var isReadOnly: Bool {
            switch self {
            case .range: true
            case .put, .deleteRange: false
            case .transaction(let inner): inner.isReadOnly
            }
        }
    }

    /// Whether the transaction only reads, so that it may be sent twice.
    public var isReadOnly: Bool { success.allSatisfy(\.isReadOnly) && failure.allSatisfy(\.isReadOnly) }
}

extension Transaction: EncodableMessage {
    func encode(to writer: inout ProtobufWriter) {
        for condition in conditions { writer.message(1, condition) }
        for operation in success { writer.message(2, operation) }
        for operation in failure { writer.message(3, operation) }
    }
}

extension Transaction.Operation: EncodableMessage {
    func encode(to writer: inout ProtobufWriter) {
        switch self {
        case .range(let request): writer.message(1, request)
        case .put(let request): writer.message(2, request)
        case .deleteRange(let request): writer.message(3, request)
        case .transaction(let request): writer.message(4, request)
        }
    }
}
