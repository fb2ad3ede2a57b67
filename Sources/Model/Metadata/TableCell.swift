/// A cell of a record's row, and how long it holds.
public enum TableCell: Sendable, Equatable {
    /// What the record says; it holds as long as the record stays as it is.
    case lasting(Value)
    /// How long ago a moment is; empty without one.
    case age(Timestamp?)
    /// What holds only at the moment it was asked for.
    case passing(Value)

    /// The cell at a moment, which for a passing one is the moment it was made.
    public func value(at now: Timestamp) -> Value {
        switch self {
        case .lasting(let value), .passing(let value): value
        case .age(let moment): moment.map { .string((now - $0).ageText) } ?? .null
        }
    }
}

/// Something that holds a record, of whatever type it is.
public protocol RecordSource: Sendable {
    /// The record as a value of its type.
    ///
    /// - Throws: what is wrong with it.
    func decoded<Object: Resource>(as type: Object.Type) throws -> Object
}
