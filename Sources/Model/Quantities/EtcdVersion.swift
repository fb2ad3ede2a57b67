/// A version of etcd, ordered as semantic versions are.
public struct EtcdVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The first number.
    public let major: Int
    /// The second number.
    public let minor: Int
    /// The third number.
    public let patch: Int

    /// Creates a version from its numbers.
    public init(_ major: Int, _ minor: Int, _ patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads `3.4.23`; a suffix such as `-rc.1` or `+dfsg` is ignored; nil if the text is no version.
    public init?(_ text: String) {
        let core = text.prefix { $0 != "-" && $0 != "+" && $0 != "~" }
        let parts = core.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let major = Int(parts[0]), let minor = Int(parts[1]), let patch = Int(parts[2])
        else { return nil }
        self.init(major, minor, patch)
    }

    /// The version as text.
    public var description: String { "\(major).\(minor).\(patch)" }

    /// Orders by number, not by text: 3.4.9 comes before 3.4.23.
    public static func < (left: EtcdVersion, right: EtcdVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}
