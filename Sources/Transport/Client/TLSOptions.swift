/// What a client trusts and what it shows of itself when it connects over TLS; all of it held in memory.
///
/// The private key never appears in a description, a debugger's view or a log line.
public struct TLSOptions: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The certificates to trust instead of the system's, as PEM text.
    public var certificateAuthority: String?
    /// The certificate to show to the server, with its chain, as PEM text; needs `clientKey`.
    public var clientCertificate: String?
    /// The unencrypted private key of `clientCertificate`, as PEM text.
    public var clientKey: String?
    /// The name to ask for (SNI) and to find in the server's certificate, where it is not the host that is dialled.
    public var serverName: String?
    /// Accepts any certificate: the connection is encrypted, but nobody knows with whom.
    public var skipsVerification: Bool

    /// Creates options; all left out means the system's authorities and no client certificate.
    public init(
        certificateAuthority: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil,
        serverName: String? = nil, skipsVerification: Bool = false
    ) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.serverName = serverName
        self.skipsVerification = skipsVerification
    }

    /// What is set, without the contents.
    public var description: String {
        var parts = [certificateAuthority == nil ? "system authorities" : "own authority"]
        if clientCertificate != nil {
            parts.append("client certificate")
        }
        if let serverName {
            parts.append("server name \(serverName)")
        }
        if skipsVerification {
            parts.append("no verification")
        }
        return "TLS(\(parts.joined(separator: ", ")))"
    }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// A mirror without children, so that `dump` shows no key.
    public var customMirror: Mirror { Mirror(self, children: [Mirror.Child]()) }
}
