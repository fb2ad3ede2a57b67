/// A name and its value: a header field or an item of a query.
public struct HTTPServerField: Sendable, Equatable {
    /// The name as sent; header names compare without regard to case.
    public let name: String
    /// The value.
    public let value: String

    /// Makes a field.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - value: Its value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Whether this is a header of the given name: equal but for the case of ASCII letters (RFC 9110, 5.1).
    func isNamed(_ other: String) -> Bool {
        name.utf8.elementsEqual(other.utf8) { lowercase($0) == lowercase($1) }
    }

    private func lowercase(_ character: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(character) ? character | 0x20 : character
    }
}
