/// The secret text by which a client of the API shows who it is, of which the server only ever keeps the digest.
public enum BearerSecret {
    /// What every secret begins with, so that people and scanners of files see what it is.
    public static let prefix = "lodestone_"

    /// A new secret of 256 unpredictable bits: `lodestone_` and 64 hexadecimal digits.
    public static func make() -> String {
        prefix + Hex.encode(RandomBytes.make(count: 32))
    }

    /// The SHA-256 of a secret as it is sent, in hexadecimal digits, as an `AccessToken` holds it.
    public static func digest(of secret: String) -> String {
        Hex.encode(SHA256.hash(secret))
    }
}
