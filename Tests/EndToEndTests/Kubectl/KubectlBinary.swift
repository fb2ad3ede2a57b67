import Glibc
import TestSupport
import Testing

/// One minor version of the unmodified kubectl, as installed on this machine.
struct KubectlBinary: Sendable, CustomTestStringConvertible {
    let path: String
    /// Such as `1.33`.
    let version: String

    var testDescription: String { "kubectl \(version)" }

    /// The minor version as a number.
    var minor: Int { version.split(separator: ".").last.flatMap { Int($0) } ?? 0 }

    /// Every minor version there is: those of an installation that keeps several, or else the one on the path.
    static let all: [KubectlBinary] = {
        let places = ["/usr/local/bin", "/usr/bin", "/bin"].map { "\($0)/kubectl" }
        guard let found = places.first(where: { access($0, X_OK) == 0 }), let real = realpath(found, nil) else {
            return []
        }
        defer { free(real) }
        let path = String(cString: real)
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        let several = directoryEntries(directory).filter { $0.hasPrefix("kubectl.1.") }.map {
            KubectlBinary(path: "\(directory)/\($0)", version: String($0.dropFirst("kubectl.".count)))
        }
        // From 1.28 on they speak the protocol that is promised.
        let known = several.filter { $0.minor >= 28 }.sorted { $0.minor < $1.minor }
        return known.isEmpty ? [KubectlBinary(path: found, version: "of the path")] : known
    }()

    static let isInstalled = {
        if all.isEmpty { print("No kubectl is installed: what it does with Lodestone is not tested.") }
        return !all.isEmpty
    }()
}
