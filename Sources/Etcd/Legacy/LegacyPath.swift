/// A path of etcd's v2 store, kept as bytes: Swift's texts are equal where their characters look the same, paths are
/// not.
public struct LegacyPath: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The path without a slash at its end, so that the root is empty.
    public let bytes: [UInt8]

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The directory above all others.
    public static let root = LegacyPath(bytes: [])

    /// Makes a path of a text such as `/a/b`; slashes too many are left out, as etcd does.
    public init(_ text: String) {
        self.init(components: text.utf8.split(separator: UInt8(ascii: "/")).map { [UInt8]($0) })
    }

    /// Makes a path of its components.
    public init(components: [[UInt8]]) {
        bytes = components.reduce(into: []) { bytes, component in
            bytes.append(UInt8(ascii: "/"))
            bytes += component
        }
    }

    /// Makes a path of a literal.
    public init(stringLiteral value: String) { self.init(value) }

    /// Whether this is the root.
    public var isRoot: Bool { bytes.isEmpty }

    /// The names from the root down.
    public var components: [[UInt8]] { bytes.split(separator: UInt8(ascii: "/")).map { [UInt8]($0) } }

    /// The last name; empty for the root.
    public var name: [UInt8] {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return [] }
        return [UInt8](bytes[(slash + 1)...])
    }

    /// The directory this lies in; the root lies in itself.
    public var parent: LegacyPath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return self }
        return LegacyPath(bytes: [UInt8](bytes[..<slash]))
    }

    /// The directories this lies in, from the one below the root down; without the root and without itself.
    public var ancestors: [LegacyPath] {
        bytes.indices.dropFirst().filter { bytes[$0] == UInt8(ascii: "/") }
            .map { LegacyPath(bytes: [UInt8](bytes[..<$0])) }
    }

    /// The path of a child.
    public func appending(_ name: [UInt8]) -> LegacyPath {
        LegacyPath(bytes: bytes + [UInt8(ascii: "/")] + name)
    }

    /// Whether `other` is this path or lies below it.
    public func contains(_ other: LegacyPath) -> Bool {
        guard other.bytes.starts(with: bytes) else { return false }
        return other.bytes.count == bytes.count || other.bytes[bytes.count] == UInt8(ascii: "/")
    }

    /// What `other`, which lies below this path, is called from here: `b/c`.
    public func relative(_ other: LegacyPath) -> [UInt8] { [UInt8](other.bytes.dropFirst(bytes.count + 1)) }

    /// Whether etcd leaves this node out when it lists the directory it lies in: its name begins with `_`.
    public var isHidden: Bool { name.first == UInt8(ascii: "_") }

    /// Every part of this path that ends with a hidden name: of `/a/_b/c/_d/e`, these are `/a/_b` and `/a/_b/c/_d`.
    public var hiddenRoots: [LegacyPath] { (ancestors + [self]).filter(\.isHidden) }

    /// Whether etcd had to replace bytes when it wrote this path as JSON, so that nobody can ask for it by name.
    public var isDamaged: Bool { bytes.containsReplacement }

    /// The path as text.
    public var description: String { isRoot ? "/" : String(decoding: bytes, as: UTF8.self) }

    /// The path as it stands in a request, with everything escaped that is not plain in every part of a URL.
    var escaped: String {
        var text = "/v2/keys"
        for byte in isRoot ? [UInt8(ascii: "/")] : bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: "~"):
                text.unicodeScalars.append(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return text
    }
}

extension [UInt8] {
    /// Whether U+FFFD is in it, which Go writes into JSON for every byte that is not UTF-8.
    package var containsReplacement: Bool {
        guard count >= 3 else { return false }
        return (0..<(count - 2)).contains { self[$0] == 0xEF && self[$0 + 1] == 0xBF && self[$0 + 2] == 0xBD }
    }
}
