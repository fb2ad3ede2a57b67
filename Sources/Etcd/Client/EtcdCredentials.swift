/// A user name and its password, which no text form of the value shows.
public struct EtcdCredentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The user.
    public var user: String
    /// The password.
    public var password: String

    /// Makes credentials.
    public init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// The user; never the password.
    public var description: String { "user \(user)" }

    /// The user; never the password.
    public var debugDescription: String { description }

    /// Nothing, so that `dump` shows no password.
    public var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}
