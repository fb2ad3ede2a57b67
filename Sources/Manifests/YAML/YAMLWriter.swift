public import Model

/// Writes values as YAML in the style of kubectl: blocks, quotes only where they are needed, `|` for several lines.
struct YAMLWriter {
    private(set) var text = ""

    /// Writes a value as a document.
    mutating func write(_ value: Value) {
        switch value {
        case .object(let members) where !members.isEmpty: write(members, indentation: 0)
        case .array(let elements) where !elements.isEmpty: write(elements, indentation: 0)
        default:
            writeScalar(value, indentation: 0)
            text += "\n"
        }
    }

    /// Writes the members, the first of them at the present place, which is the right one.
    private mutating func write(_ members: Value.Members, indentation: Int) {
        for (index, member) in members.enumerated() {
            if index > 0 { indent(indentation) }
            let key = YAMLScalar.text(member.key)
            // YAML wants the ':' of a plain "key: value" within 1024 characters.
            if key.utf8.count > 500 {
                text += "? \(key)\n"
                indent(indentation)
            } else {
                text += key
            }
            text += ":"
            switch member.value {
            case .object(let members) where !members.isEmpty:
                text += "\n"
                indent(indentation + 2)
                write(members, indentation: indentation + 2)
            case .array(let elements) where !elements.isEmpty:
                text += "\n"
                indent(indentation)
                write(elements, indentation: indentation)
            default:
                text += " "
                writeScalar(member.value, indentation: indentation)
                text += "\n"
            }
        }
    }

    /// Writes the elements, the first of them at the present place, which is the right one.
    private mutating func write(_ elements: [Value], indentation: Int) {
        for (index, element) in elements.enumerated() {
            if index > 0 { indent(indentation) }
            text += "- "
            switch element {
            case .object(let members) where !members.isEmpty: write(members, indentation: indentation + 2)
            case .array(let elements) where !elements.isEmpty: write(elements, indentation: indentation + 2)
            default:
                writeScalar(element, indentation: indentation)
                text += "\n"
            }
        }
    }

    private mutating func indent(_ indentation: Int) {
        text += String(repeating: " ", count: indentation)
    }

    private mutating func writeScalar(_ value: Value, indentation: Int) {
        switch value {
        case .string(let string):
            guard YAMLScalar.canBeBlock(string) else { return text += YAMLScalar.text(string) }
            let body = string.drop(trailing: "\n")
            let newlines = string.utf8.count - body.utf8.count
            text += newlines == 0 ? "|-" : newlines == 1 ? "|" : "|+"
            for line in body.split(separator: "\n" as Character, omittingEmptySubsequences: false) {
                text += "\n"
                if !line.isEmpty { indent(indentation + 2) }
                text += line
            }
            text += String(repeating: "\n", count: max(0, newlines - 1))
        case .array: text += "[]"
        case .object: text += "{}"
        // Numbers, booleans and null are written alike in JSON and YAML.
        default: text += value.json
        }
    }
}

extension String {
    fileprivate func drop(trailing character: Character) -> Substring {
        var rest = self[...]
        while rest.last == character { rest.removeLast() }
        return rest
    }
}

/// How a text is written in YAML.
enum YAMLScalar {
    /// The text in one line: plain if every reader of YAML takes it for the same text, in double quotes otherwise.
    static func text(_ string: String) -> String {
        canBePlain(string) ? string : quoted(string)
    }

    private static func canBePlain(_ string: String) -> Bool {
        guard let first = string.utf8.first, let last = string.utf8.last, first != 0x20, last != 0x20,
            last != UInt8(ascii: ":"), string.unicodeScalars.allSatisfy(isPrintable)
        else { return false }
        // Words and digits that YAML 1.1, which most other tools speak, takes for something else than text.
        let words: Set = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        if words.contains(string.lowercased()) || string == "<<" || string == "=" { return false }
        if "-?:,[]{}#&*!|>'\"%@`~".utf8.contains(first) { return false }
        if "+.0123456789".utf8.contains(first), string.utf8.allSatisfy(isOfNumbers) { return false }
        var previous: UInt8 = 0
        for byte in string.utf8 {
            if byte == UInt8(ascii: "#"), previous == 0x20 { return false }
            if byte == 0x20, previous == UInt8(ascii: ":") { return false }
            previous = byte
        }
        return true
    }

    /// Whether numbers, versions, times and dates are made of this character.
    private static func isOfNumbers(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: "+-._:xXoOtTzZ iInN".utf8.contains(byte)
        }
    }

    /// Whether a text reads well, and back as it was, as a block of lines.
    static func canBeBlock(_ string: String) -> Bool {
        guard let first = string.utf8.first, first != 0x20, first != 0x0A, string.utf8.contains(0x0A) else {
            return false
        }
        return string.unicodeScalars.allSatisfy { $0 == "\n" || isPrintable($0) }
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case _ where isPrintable(scalar): text.unicodeScalars.append(scalar)
            default:
                let (prefix, width) =
                    scalar.value > 0xFFFF ? ("\\U", 8) : scalar.value > 0xFF ? ("\\u", 4) : ("\\x", 2)
                let digits = String(scalar.value, radix: 16, uppercase: true)
                text += prefix + String(repeating: "0", count: width - digits.count) + digits
            }
        }
        return text + "\""
    }
}

extension Value {
    /// This document as YAML, as people read and write it.
    public var yaml: String {
        var writer = YAMLWriter()
        writer.write(self)
        return writer.text
    }
}
