/// The keys of an S3 user; the secret one never appears in a description, a debugger's view or a log line.
public struct S3Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The public name of the key.
    public let accessKeyID: String
    /// What requests are signed with.
    let secretAccessKey: String

    /// Pairs the two.
    public init(accessKeyID: String, secretAccessKey: String) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
    }

    /// A text without the keys.
    public var description: String { "S3 credentials" }
    /// The same as `description`.
    public var debugDescription: String { description }
    /// A mirror without children, so that `dump` shows no key.
    public var customMirror: Mirror { Mirror(self, children: [Mirror.Child]()) }
}
