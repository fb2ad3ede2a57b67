public import Crypto

/// Why the API's credentials could not be loaded or made.
public enum CredentialsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file or directory cannot be read or written.
    case inaccessible(path: String, reason: String)
    /// A file does not hold what it should; it was left as it is.
    case damaged(path: String, reason: String)
    /// A certificate could not be made.
    case certificate(CryptoError)

    /// What is wrong with which file, without a remedy: for files that are somebody else's to keep.
    var fact: String {
        switch self {
        case .inaccessible(let path, let reason), .damaged(let path, let reason): "\(path): \(reason)"
        case .certificate(let error): "\(error)"
        }
    }

    /// A sentence that names the file and the remedy.
    public var description: String {
        switch self {
        case .inaccessible(let path, let reason):
            "the API's credentials in \(path) cannot be used: \(reason); make it readable and writable for this user"
        case .damaged(let path, let reason):
            "\(path) does not hold what it should: \(reason); put back a good copy, or remove the file to have a new "
                + "one made, after which clients need the new kubeconfig"
        case .certificate(let error):
            "the API's certificate could not be made: \(error)"
        }
    }
}
