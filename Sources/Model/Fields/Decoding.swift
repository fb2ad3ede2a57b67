/// The state of reading one record from a document: where we are, and what was found wrong so far.
public struct Decoding: Sendable {
    /// Where in the record the reader stands.
    public private(set) var path = FieldPath()
    /// Everything found wrong so far.
    public private(set) var problems: [FieldProblem] = []

    /// Starts at the root of a record.
    public init() {}

    /// Notes a problem with the field the reader stands at.
    public mutating func problem(_ reason: FieldProblem.Reason, _ message: String) {
        problems.append(FieldProblem(path, reason, message))
    }

    /// Notes that a value has the wrong type.
    public mutating func mismatch(expected: String, found: Value) {
        problem(.invalid, "must be \(expected), not \(found.typeName)")
    }

    /// Reads inside a member of the current object.
    public mutating func within<Result>(_ member: String, _ body: (inout Decoding) -> Result) -> Result {
        path.steps.append(.member(member))
        defer { path.steps.removeLast() }
        return body(&self)
    }

    /// Reads inside an element of the current list.
    public mutating func within<Result>(_ index: Int, _ body: (inout Decoding) -> Result) -> Result {
        path.steps.append(.element(index))
        defer { path.steps.removeLast() }
        return body(&self)
    }
}
