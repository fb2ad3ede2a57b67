public import Model

/// One thing wrong with a manifest: where, in which record and field, and what.
public struct ManifestProblem: Sendable, Hashable, CustomStringConvertible {
    /// The file as it was named on the command line.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The record by kind and name, as far as they could be read; empty where they could not.
    public let record: String
    /// The field; empty where the problem is not one field's.
    public let path: FieldPath
    /// What is wrong and what would be right.
    public let message: String

    /// Creates a problem.
    public init(file: String, line: Int, record: String = "", path: FieldPath = FieldPath(), message: String) {
        self.file = file
        self.line = line
        self.record = record
        self.path = path
        self.message = message
    }

    /// One line in the form compilers use, which editors can jump to.
    public var description: String {
        let subject = [record, path.description].filter { !$0.isEmpty }.map { "\($0): " }.joined()
        return "\(file):\(line): \(subject)\(message)"
    }
}

/// Manifests that cannot be accepted, with everything that is wrong with all of them at once.
public struct ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in the order of files and lines.
    public let problems: [ManifestProblem]

    /// Creates the error.
    public init(_ problems: [ManifestProblem]) {
        self.problems = problems
    }

    /// One line for each problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
