/// Why an HTTP server could not start.
public enum HTTPServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process listens on the port already.
    case portInUse(address: String, port: UInt16)
    /// The process may not listen there: ports below 1024 need privileges.
    case notPermitted(address: String, port: UInt16)
    /// The address is not one of this machine's, or not an IP address at all.
    case unusableAddress(String, reason: String)
    /// The certificate or its key could not be used for TLS.
    case unusableCertificate
    /// The system refused for another reason.
    case failed(address: String, port: UInt16, reason: String)

    /// A sentence that names the address and the remedy.
    public var description: String {
        switch self {
        case .portInUse(let address, let port):
            "port \(port) of \(address) is already in use; stop the process that listens there or choose another port"
        case .notPermitted(let address, let port):
            "listening on port \(port) of \(address) is not permitted; choose a port from 1024 on"
        case .unusableAddress(let address, let reason):
            "\"\(address)\" cannot be listened on (\(reason)); give an IP address of this machine, such as 127.0.0.1"
        case .unusableCertificate:
            "the server certificate and its private key cannot be used for TLS; give PEM texts that belong together"
        case .failed(let address, let port, let reason):
            "the HTTP server on port \(port) of \(address) could not start: \(reason)"
        }
    }
}
