import Crypto
import Model
import Synchronization
import Transport

/// Who somebody is by his client certificate: the common name is the user, the organizations are the groups, as
/// Kubernetes has it.
final class CertificateUsers: Sendable {
    /// How many certificates are remembered at most.
    private static let limit = 1_024

    /// The server's own authority; nil where none of its certificates are taken.
    private let authority: Certificate?
    /// Whether the authority signed a certificate, by its fingerprint: to find out costs more than all the rest.
    private let known = Mutex<[String: Bool]>([:])
    private let epoch = Atomic(0)

    /// Takes up the server's own authority.
    init(authority: Certificate?) {
        self.authority = authority
    }

    /// How often an authority of clients was taken away; who was known before has to show himself again.
    var trustEpoch: Int {
        get { epoch.load(ordering: .acquiring) }
        set { epoch.store(newValue, ordering: .releasing) }
    }

    /// Who a certificate stands for.
    ///
    /// - Throws: `.unauthorized` for a certificate that was not verified, is not for clients, or names nobody.
    func requester(of certificate: HTTPClientCertificate, at now: Timestamp) throws(APIStatus) -> Requester {
        if let problem = certificate.problem {
            throw Authenticator.refusal("the client certificate is not accepted: \(problem)")
        }
        let expires = Timestamp(secondsSinceEpoch: certificate.notAfter)
        guard expires > now else { throw Authenticator.refusal("the client certificate has expired") }
        guard certificate.isForClients else {
            throw Authenticator.refusal("the certificate is not one for clients (extended key usage clientAuth)")
        }
        guard let user = certificate.commonNames.first, certificate.commonNames.count == 1 else {
            throw Authenticator.refusal("the client certificate must have one common name, which is the user")
        }
        for name in [user] + certificate.organizations where !Self.isPossible(name) {
            throw Authenticator.refusal("a name in the client certificate is empty, too long or not printable")
        }
        // Another authority may say who its people are, but not make them administrators of this server.
        let isOwn = isOwn(certificate)
        let isReserved = { (name: String) in
            name.hasPrefix("system:") || !isOwn && name.hasPrefix("lodestone:")
        }
        guard !isReserved(user) else {
            throw Authenticator.refusal("the user \"\(user)\" is not one this authority may name")
        }
        return Requester(
            user: user, groups: certificate.organizations.filter { !isReserved($0) },
            proof: .certificate(
                fingerprint: certificate.fingerprint, trustEpoch: isOwn ? .max : certificate.trustEpoch),
            expires: expires)
    }

    private func isOwn(_ certificate: HTTPClientCertificate) -> Bool {
        if let found = known.withLock({ $0[certificate.fingerprint] }) { return found }
        let found = authority.map { (try? Certificate(pem: certificate.pem).isSigned(by: $0)) == true } ?? false
        known.withLock { known in
            if known.count >= Self.limit { known = [:] }
            known[certificate.fingerprint] = found
        }
        return found
    }

    private static func isPossible(_ name: String) -> Bool {
        (1...256).contains(name.utf8.count)
            && !name.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
