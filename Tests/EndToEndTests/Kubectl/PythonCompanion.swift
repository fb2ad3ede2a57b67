import Glibc
import TestSupport

/// The Python that the tests' companions were installed for (`scripts/fetch-companions`), and what is in it.
enum PythonCompanion {
    private static let directory: String = {
        let source = #filePath
        let root = source.firstRange(of: "/Tests/").map { String(source[..<$0.lowerBound]) } ?? "."
        return root + "/.build-companions/python"
    }()

    /// A program of the companion's environment; nil, with the reason printed, if it is not installed.
    static func program(_ name: String, needing package: String) -> String? {
        let path = "\(directory)/bin/\(name)"
        let libraries = directoryEntries("\(directory)/lib").map { "\(directory)/lib/\($0)/site-packages/\(package)" }
        guard access(path, X_OK) == 0, libraries.contains(where: { access($0, R_OK) == 0 }) else {
            print(
                "The Python package \(package) is not installed (scripts/fetch-companions): what it does is not tested."
            )
            return nil
        }
        return path
    }

    /// The interpreter, if the Kubernetes client is there.
    static let kubernetes = program("python", needing: "kubernetes")
    /// schemathesis, if it is there.
    static let schemathesis = program("schemathesis", needing: "schemathesis")
}
