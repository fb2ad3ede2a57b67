import Model

/// What `/version` says.
enum VersionDocument {
    /// The Kubernetes API this server follows; kubectl warns of servers more than one minor version away from its own,
    /// and some installations choose the kubectl to run by it.
    private static let minor = "32"

    static func value(programVersion: String) -> Value {
        [
            "major": "1", "minor": .string(minor), "gitVersion": .string("v1.\(minor).0+lodestone-\(programVersion)"),
            "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none",
            "compiler": "swiftc", "platform": "linux/amd64",
        ]
    }
}
