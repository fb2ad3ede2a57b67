import Crypto
import Model
import Transport

/// Finds out who makes a request: by a bearer token, or by a verified client certificate.
///
/// Who presents a token is judged by it alone: a wrong one is not made good by a certificate.
struct Authenticator: Sendable {
    let admins: BearerTokens
    let index: AccessIndex
    let certificates: CertificateUsers
    let now: @Sendable () -> Timestamp

    /// Who makes a request.
    ///
    /// - Throws: `.unauthorized`; the message says what is wrong with what was presented only to those who hold a
    ///   secret that was good once.
    func requester(of request: HTTPServerRequest) throws(APIStatus) -> Requester {
        guard let header = request.header("authorization") else {
            guard let certificate = request.client.certificate else {
                throw Self.refusal("give a bearer token or a client certificate, as the kubeconfig holds it")
            }
            return try certificates.requester(of: certificate, at: now())
        }
        let words = header.split(separator: " ", maxSplits: 1)
        switch (words.first?.lowercased(), words.count) {
        case ("bearer", 2): return try requester(ofToken: String(words[1]))
        case ("basic", _):
            throw Self.refusal("user names with passwords are not taken; use a bearer token or a client certificate")
        default: throw Self.refusal("give a valid bearer token, as the kubeconfig holds it")
        }
    }

    /// Whether somebody who was known once still is.
    func isStillKnown(_ requester: Requester) -> Bool {
        switch requester.proof {
        case .adminToken: return true
        case .certificate(_, let epoch):
            return epoch >= certificates.trustEpoch && requester.expires.map { $0 > now() } ?? true
        case .token(let digest, _, let uid):
            guard let bytes = Hex.decode(digest), let token = index.token(digest: bytes) else { return false }
            return token.metadata.uid == uid && token.state(at: now()) == .active
        }
    }

    private func requester(ofToken text: String) throws(APIStatus) -> Requester {
        let digest = SHA256.hash(text)
        if let user = admins.user(of: digest) {
            return Requester(user: user, groups: [Role.adminGroup], proof: .adminToken)
        }
        guard let token = index.token(digest: digest) else {
            throw Self.refusal("give a valid bearer token, as the kubeconfig holds it")
        }
        switch token.state(at: now()) {
        case .active: break
        case .expired: throw Self.refusal("the token \"\(token.metadata.name)\" has expired; ask for a new one")
        case .revoked: throw Self.refusal("the token \"\(token.metadata.name)\" was revoked; ask for a new one")
        }
        return Requester(
            user: token.spec.user, groups: token.spec.groups,
            proof: .token(digest: token.spec.digest, name: token.metadata.name, uid: token.metadata.uid),
            expires: token.spec.expires)
    }

    static func refusal(_ reason: String) -> APIStatus {
        APIStatus(.unauthorized, "Unauthorized: \(reason)")
    }
}
