import Model

/// A place in a document (RFC 6901), such as `/metadata/labels/a~1b`.
struct JSONPointer: Equatable, CustomStringConvertible {
    private static let shownLength = 200

    /// The names and indices on the way, unescaped.
    let steps: [String]
    /// The pointer as it was written, as much of it as fits into a sentence.
    let description: String

    /// Reads a pointer; nil for text that begins with anything but a slash, and for a `~` that escapes nothing.
    init?(_ text: String) {
        description = text.utf8.count <= Self.shownLength ? text : String(text.prefix(Self.shownLength)) + "…"
        guard !text.isEmpty else {
            steps = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var steps: [String] = []
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let step = Self.unescaped(part) else { return nil }
            steps.append(step)
        }
        self.steps = steps
    }

    private static func unescaped(_ part: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in part {
            switch (isEscaped, byte) {
            case (true, UInt8(ascii: "0")): bytes.append(UInt8(ascii: "~"))
            case (true, UInt8(ascii: "1")): bytes.append(UInt8(ascii: "/"))
            case (true, _): return nil
            case (false, UInt8(ascii: "~")): break
            case (false, _): bytes.append(byte)
            }
            isEscaped = !isEscaped && byte == UInt8(ascii: "~")
        }
        return isEscaped ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Whether this place lies within another one.
    func isWithin(_ other: JSONPointer) -> Bool {
        steps.count > other.steps.count && steps.starts(with: other.steps)
    }
}
