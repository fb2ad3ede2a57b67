/// Percent escapes as the signature of S3 wants them: every byte but the unreserved ones, in upper case.
///
/// Servers sign what they decoded and encoded anew by the same rule ("URI encode" in AWS Signature Version 4), so an
/// escape more or less is a refused request.
enum S3Encoding {
    /// A value of a query, or a name that may hold slashes which are not separators.
    static func encode(_ text: String) -> String { encode(text, keepsSlash: false) }

    /// A path: slashes stay.
    static func encodePath(_ text: String) -> String { encode(text, keepsSlash: true) }

    /// Decodes what a listing with `encoding-type=url` holds; nil for broken escapes and what is not UTF-8.
    static func decode(_ text: String) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let character = rest.popFirst() {
            switch character {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            // AWS writes a space as a plus there; a real plus is always escaped.
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            default: bytes.append(character)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func encode(_ text: String, keepsSlash: Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) || (keepsSlash && byte == UInt8(ascii: "/")) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        Character(UnicodeScalar(character)).hexDigitValue.map { UInt8($0) }
    }
}
