import Crypto

/// Who may use the API: the holders of secret tokens, of which only digests are kept in memory.
public struct BearerTokens: Sendable {
    private let users: [(digest: [UInt8], user: String)]

    /// Creates the table of users.
    ///
    /// - Parameter tokens: Each user's token.
    public init(_ tokens: [(token: String, user: String)]) {
        users = tokens.map { (SHA256.hash($0.token), $0.user) }
    }

    /// The user a token belongs to; nil if it is nobody's.
    ///
    /// The digests are compared in constant time and all of them always, so that the time an answer takes tells
    /// nothing about any token.
    func user(of token: String) -> String? {
        let digest = SHA256.hash(token)
        var found: String?
        for entry in users where ConstantTime.areEqual(entry.digest, digest) {
            found = entry.user
        }
        return found
    }
}
