import Crypto

/// The tokens that are no records, each of whose holders may do everything; only digests are kept in memory.
public struct BearerTokens: Sendable {
    private let users: [(digest: [UInt8], user: String)]

    /// Creates the table of users.
    ///
    /// - Parameter tokens: Each user's token.
    public init(_ tokens: [(token: String, user: String)]) {
        users = tokens.map { (SHA256.hash($0.token), $0.user) }
    }

    /// The user a token belongs to by the token's digest; nil if it is nobody's.
    ///
    /// The digests are compared in constant time and all of them always, so that the time an answer takes tells
    /// nothing about any token.
    func user(of digest: [UInt8]) -> String? {
        var found: String?
        for entry in users where ConstantTime.areEqual(entry.digest, digest) {
            found = entry.user
        }
        return found
    }
}
