/// Reads the part of XML that answers of object storages are written in, and refuses everything else.
///
/// Elements, attributes (read and dropped), text, the five named references, numeric ones, CDATA sections, comments and
/// processing instructions. Document types are refused, as they could make a small document expand without limit.
struct XMLReader {
    /// Why a document cannot be read.
    struct Malformed: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    private static let deepest = 32
    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The root element of a document.
    static func read(_ bytes: [UInt8]) throws(Malformed) -> XMLNode {
        var reader = XMLReader(bytes)
        try reader.skipMisc()
        guard reader.takes("<") else { throw reader.malformed("there is no element") }
        let root = try reader.element(depth: 0)
        try reader.skipMisc()
        guard reader.position == bytes.count else { throw reader.malformed("something follows the root element") }
        return root
    }

    /// The element whose `<` was just read.
    private mutating func element(depth: Int) throws(Malformed) -> XMLNode {
        guard depth < Self.deepest else { throw malformed("it is nested too deep") }
        let qualified = try name()
        var node = XMLNode(name: qualified.split(separator: ":").last.map(String.init) ?? qualified)
        try skipAttributes()
        if takes("/>") { return node }
        try require(">")
        var text: [UInt8] = []
        while true {
            guard position < bytes.count else { throw malformed("<\(qualified)> is not closed") }
            if takes("</") {
                guard try name() == qualified else { throw malformed("<\(qualified)> is closed by another name") }
                skipBlanks()
                try require(">")
                guard let decoded = String(validating: text, as: UTF8.self) else { throw malformed("it is not UTF-8") }
                node.text = Self.trimmed(decoded)
                return node
            } else if takes("<![CDATA[") {
                text += try through("]]>")
            } else if takes("<!--") {
                _ = try through("-->")
            } else if takes("<?") {
                _ = try through("?>")
            } else if takes("<") {
                node.children.append(try element(depth: depth + 1))
            } else if takes("&") {
                text += try reference()
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
    }

    private mutating func skipAttributes() throws(Malformed) {
        skipBlanks()
        while position < bytes.count, bytes[position] != UInt8(ascii: ">"), bytes[position] != UInt8(ascii: "/") {
            _ = try name()
            skipBlanks()
            try require("=")
            skipBlanks()
            if takes("\"") {
                _ = try through("\"")
            } else {
                try require("'")
                _ = try through("'")
            }
            skipBlanks()
        }
    }

    /// What a reference stands for, whose `&` was just read.
    private mutating func reference() throws(Malformed) -> [UInt8] {
        let name = String(decoding: try through(";"), as: UTF8.self)
        switch name {
        case "amp": return [UInt8(ascii: "&")]
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "quot": return [UInt8(ascii: "\"")]
        case "apos": return [UInt8(ascii: "'")]
        default: break
        }
        let number =
            name.hasPrefix("#x")
            ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
        guard let number, let scalar = Unicode.Scalar(number) else {
            throw malformed("&\(name.prefix(20)); is unknown")
        }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func name() throws(Malformed) -> String {
        let start = position
        while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
        guard position > start else { throw malformed("a name is missing") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Skips what may stand around the root element.
    private mutating func skipMisc() throws(Malformed) {
        if position == 0, bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
        while true {
            skipBlanks()
            if takes("<?") {
                _ = try through("?>")
            } else if takes("<!--") {
                _ = try through("-->")
            } else if takes("<!") {
                throw malformed("it has a document type")
            } else {
                return
            }
        }
    }

    private mutating func skipBlanks() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    /// Whether the text comes next; if so it is skipped.
    private mutating func takes(_ text: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    private mutating func require(_ text: StaticString) throws(Malformed) {
        guard takes(text) else { throw malformed("\"\(text)\" is missing") }
    }

    /// Everything up to a text, which is skipped too.
    private mutating func through(_ end: StaticString) throws(Malformed) -> ArraySlice<UInt8> {
        let start = position
        while position < bytes.count {
            let last = position
            if takes(end) { return bytes[start..<last] }
            position += 1
        }
        throw malformed("\"\(end)\" is missing")
    }

    private func malformed(_ what: String) -> Malformed {
        Malformed(description: "the answer is no XML as expected: at byte \(position) \(what)")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }

    private static func trimmed(_ text: String) -> String {
        let blanks: Set<Character> = [" ", "\t", "\n", "\r", "\r\n"]
        let start = text.drop { blanks.contains($0) }
        guard let end = start.lastIndex(where: { !blanks.contains($0) }) else { return "" }
        return String(start[...end])
    }
}
