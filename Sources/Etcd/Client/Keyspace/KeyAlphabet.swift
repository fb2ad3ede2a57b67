/// The bytes that keys are likely to have at one position.
///
/// It decides only where a keyspace is cut, never what is read: keys with other bytes lie between two cuts like all
/// others. A good guess saves requests for ranges that hold nothing.
struct KeyAlphabet: Sendable, Hashable {
    /// Kinds of bytes that come together in keys.
    private struct Classes: OptionSet, Hashable {
        let rawValue: UInt8
        static let digits = Classes(rawValue: 1)
        static let upper = Classes(rawValue: 2)
        static let lower = Classes(rawValue: 4)
        static let punctuation = Classes(rawValue: 8)
        static let binary = Classes(rawValue: 16)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        init(of byte: UInt8) {
            self =
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): .digits
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): .upper
                case UInt8(ascii: "a")...UInt8(ascii: "z"): .lower
                case 0x20...0x7e: .punctuation
                default: .binary
                }
        }
    }

    /// The bytes in order.
    let bytes: [UInt8]

    /// The alphabet that `samples` at one position speak for.
    init(samples: some Sequence<UInt8>) {
        var classes: Classes = []
        for byte in samples { classes.insert(Classes(of: byte)) }
        if classes.isEmpty || classes.contains(.binary) {
            bytes = Array(0...255)
        } else if classes.contains(.punctuation) {
            bytes = Array(0x20...0x7e)
        } else {
            bytes = (UInt8(0x20)...0x7e).filter { classes.contains(Classes(of: $0)) }
        }
    }

    /// How many bytes it has.
    var count: Int { bytes.count }

    /// Where `byte` stands among them, or would stand.
    func index(of byte: UInt8) -> Int {
        bytes.firstIndex { $0 >= byte } ?? bytes.count
    }
}
