import Model

/// Who makes a request, as the ``Authenticator`` found out.
struct Requester: Sendable, Equatable {
    /// By what somebody showed who he is.
    enum Proof: Sendable, Equatable {
        /// The token of the data directory.
        case adminToken
        /// The token of a record.
        case token(digest: String, name: String, uid: String)
        /// A verified client certificate, named by its SHA-256, and how often an authority had been taken away before;
        /// the greatest number for one of the server's own authority, which stays.
        case certificate(fingerprint: String, trustEpoch: Int)
    }

    /// The group of everybody who has shown who he is, as Kubernetes names it.
    static let authenticated = "system:authenticated"

    /// The user's name.
    let user: String
    /// The user's groups.
    let groups: [String]
    /// By what the user showed who he is.
    let proof: Proof
    /// When the proof ends; nil for never.
    let expires: Timestamp?

    init(user: String, groups: [String], proof: Proof, expires: Timestamp? = nil) {
        self.user = user
        self.groups = groups.filter { $0 != Self.authenticated } + [Self.authenticated]
        self.proof = proof
        self.expires = expires
    }

    /// The proof in a word, for the audit log.
    var method: String {
        switch proof {
        case .adminToken: "admin-token"
        case .token(_, let name, _): "token/\(name)"
        case .certificate(let fingerprint, _): "certificate/\(fingerprint.prefix(16))"
        }
    }
}
