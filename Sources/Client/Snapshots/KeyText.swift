import Crypto

/// Keys of etcd as text: they are bytes, and mostly but not always printable.
enum KeyText {
    /// The key as it is if it is printable text, else with `\xNN` for each byte that is not ASCII print.
    static func text(of key: [UInt8]) -> String {
        if let text = String(validating: key, as: UTF8.self), text.unicodeScalars.allSatisfy(isPrintable) {
            return text
        }
        return key.map { byte in
            (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\\")
                ? String(UnicodeScalar(byte)) : "\\x\(Hex.encode([byte]))"
        }.joined()
    }

    private static func isPrintable(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
