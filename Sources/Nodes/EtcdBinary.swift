/// An etcd program that is here, with what it says its version is.
public struct EtcdBinary: Sendable, Hashable {
    /// The absolute path of the program.
    public var path: String
    /// The version as `etcd --version` prints it, as `3.4.23`.
    public var version: String

    /// Names a program.
    public init(path: String, version: String) {
        self.path = path
        self.version = version
    }

    /// Whether this is the wanted version: the very one, or any patch when only `3.4` is wanted.
    func satisfies(_ wanted: String) -> Bool {
        version == wanted || version.hasPrefix("\(wanted).") && wanted.split(separator: ".").count == 2
    }

    /// Whether its version comes before the other's, number by number.
    func precedes(_ other: EtcdBinary) -> Bool {
        Self.numbers(version).lexicographicallyPrecedes(Self.numbers(other.version))
    }

    private static func numbers(_ version: String) -> [Int] {
        version.split { $0 == "." || $0 == "-" || $0 == "+" }.map { Int($0) ?? -1 }
    }
}
