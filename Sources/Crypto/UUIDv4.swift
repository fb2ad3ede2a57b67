/// Random universally unique identifiers (RFC 9562, version 4), as every record carries one.
public enum UUIDv4 {
    /// Makes a new identifier in its usual text form: 36 lower-case characters in groups of 8-4-4-4-12.
    public static func make() -> String {
        var bytes = RandomBytes.make(count: 16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { Hex.encode(bytes[$0]) }.joined(separator: "-")
    }
}
