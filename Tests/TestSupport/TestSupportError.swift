/// A failure of the test machinery itself, told in one sentence.
public struct TestSupportError: Error, CustomStringConvertible {
    /// What went wrong, for a person.
    public let description: String

    /// Makes a failure from its sentence.
    public init(_ description: String) {
        self.description = description
    }

    /// Makes a failure from a system call's name and the error number it left.
    init(call: String, code: Int32) {
        self.init("\(call) failed: \(systemErrorText(code)) (errno \(code)).")
    }
}
