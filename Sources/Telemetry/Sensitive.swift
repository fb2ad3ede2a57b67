/// A value that must not be seen: printing, interpolating, dumping or reflecting it yields a mask.
///
/// The one way to the value is ``reveal()``, so that a search for that word finds every place where a password or a
/// key leaves its wrapper.
public struct Sensitive<Value: Sendable>: Sendable {
    private let value: Value

    /// Wraps `value`.
    public init(_ value: Value) {
        self.value = value
    }

    /// The value itself; never pass the result to anything that prints.
    public func reveal() -> Value {
        value
    }
}

extension Sensitive: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A mask of fixed length.
    public var description: String { "******" }
    /// A mask of fixed length.
    public var debugDescription: String { "******" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

extension Sensitive: Equatable where Value: Equatable {}
extension Sensitive: Hashable where Value: Hashable {}
