/// A release of etcd, for questions such as "does it have this fix".
public struct EtcdVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The first number.
    public let major: Int
    /// The second number; a branch of releases shares it.
    public let minor: Int
    /// The third number.
    public let patch: Int

    /// Makes a version from its numbers.
    public init(_ major: Int, _ minor: Int, _ patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads a version such as `3.4.23` or `3.6.0-rc.1`, whose suffix does not count; nil if it is none.
    public init?(_ text: String) {
        let release = text.prefix { $0 != "-" && $0 != "+" }
        let numbers = release.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        self.init(major, minor, patch)
    }

    /// Whether progress revisions of a watch come in order with its events (etcd#15220: 3.4.25 and 3.5.8).
    public var hasOrderedProgress: Bool {
        switch (major, minor) {
        case (3, ...3): false
        case (3, 4): patch >= 25
        case (3, 5): patch >= 8
        default: true
        }
    }

    /// Whether `left` is the older release.
    public static func < (left: EtcdVersion, right: EtcdVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    /// The version as text.
    public var description: String { "\(major).\(minor).\(patch)" }
}
