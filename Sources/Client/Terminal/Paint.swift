/// Emphasis on a terminal; none elsewhere.
public struct Paint: Sendable {
    /// A way to emphasise.
    public enum Style: String, Sendable {
        /// For what matters.
        case bold = "1"
        /// For what matters less.
        case dim = "2"
        /// For what is critical.
        case red = "1;31"
        /// For what is good.
        case green = "32"
        /// For what needs attention.
        case yellow = "33"
        /// For what is not known.
        case magenta = "35"
    }

    /// Whether anything is emphasised.
    public let isEnabled: Bool
    /// What tells this paint's emphasis from what somebody has written into a record: nobody can know it.
    private let seal: String

    /// Creates a paint.
    ///
    /// - Parameters:
    ///   - isEnabled: Whether anything is emphasised.
    ///   - seal: Digits that stand in every emphasis until the text is finished; none for one that is shown as it is.
    public init(isEnabled: Bool, seal: String = "") {
        self.isEnabled = isEnabled
        self.seal = seal.isEmpty ? "" : ";\(seal)"
    }

    /// The text in a style.
    public func callAsFunction(_ style: Style, _ text: String) -> String {
        isEnabled && !text.isEmpty ? "\u{1B}[\(style.rawValue)\(seal)m\(text)\u{1B}[0\(seal)m" : text
    }

    /// A text as a terminal may see it: emphasis of this paint works, line feeds and tabs stay, and every other control
    /// character, of C0 and C1, is shown as a replacement character.
    func finished(_ text: String) -> String {
        var text = text
        let isPlain = text.withUTF8 { bytes in
            // A byte of 0xC2 may begin a character of C1.
            bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0xC2 || $0 == 0x0A || $0 == 0x09 }
        }
        guard !isPlain else { return text }
        var result = String.UnicodeScalarView()
        let scalars = Array(text.unicodeScalars)
        var rest = scalars[...]
        while let scalar = rest.popFirst() {
            if scalar == "\u{1B}", let length = emphasis(at: rest) {
                result.append(scalar)
                result.append(contentsOf: rest.prefix(length))
                result.append("m")
                rest = rest.dropFirst(length + seal.utf8.count + 1)
            } else if scalar.properties.generalCategory == .control, scalar != "\n", scalar != "\t" {
                result.append("\u{FFFD}")
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// How many characters behind an escape begin an emphasis of this paint, before its seal; nil if none does.
    private func emphasis(at rest: ArraySlice<Unicode.Scalar>) -> Int? {
        guard isEnabled, !seal.isEmpty, let end = rest.prefix(40).firstIndex(of: "m") else { return nil }
        let inside = rest[rest.startIndex..<end]
        guard inside.first == "[", inside.count > seal.utf8.count,
            inside.suffix(seal.utf8.count).elementsEqual(seal.unicodeScalars)
        else { return nil }
        return inside.count - seal.utf8.count
    }
}
