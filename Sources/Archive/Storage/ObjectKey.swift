/// The name of a stored object: a path of names that every kind of storage can hold.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The names, outermost first.
    public let components: [String]

    /// Makes a key from its names.
    ///
    /// - Throws: `ArchiveError` with the code `invalidName` if a name is empty, longer than 200 bytes, starts with a dot, or
    ///   holds anything but ASCII letters, digits, `-`, `_` and `.`.
    public init(_ components: [String]) throws(ArchiveError) {
        for name in components where !Self.isValid(name) {
            throw ArchiveError(.invalidName, "\"\(name.prefix(200))\"", "this cannot be part of the name of a backup")
        }
        self.components = components
    }

    /// This key with one more name.
    ///
    /// - Throws: `ArchiveError` as `init` does.
    public func appending(_ name: String) throws(ArchiveError) -> ObjectKey {
        try ObjectKey(components + [name])
    }

    /// The names but the last.
    var directory: ArraySlice<String> { components.dropLast() }

    /// Whether the key lies below a prefix, by whole names: `a/b` lies below `a`, `a2/b` does not.
    public func isBelow(_ prefix: ObjectKey) -> Bool {
        components.count > prefix.components.count && components.starts(with: prefix.components)
    }

    /// The names joined by slashes.
    public var description: String { components.joined(separator: "/") }

    /// Orders by name after name.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.components.lexicographicallyPrecedes(right.components)
    }

    private static func isValid(_ name: String) -> Bool {
        let bytes = name.utf8
        guard (1...200).contains(bytes.count), bytes.first != UInt8(ascii: ".") else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}
