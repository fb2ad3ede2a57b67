/// The digest MD5, for protocols that ask for it beside a sound one; it proves nothing against an attacker.
public enum MD5 {
    /// The digest of an array of bytes, 16 bytes; nil on systems that forbid MD5.
    public static func hash(_ bytes: [UInt8]) -> [UInt8]? {
        bytes.withUnsafeBytes { OpenSSLMD5.digest(of: $0) }
    }
}
