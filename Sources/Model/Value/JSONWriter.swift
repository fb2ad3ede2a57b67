/// Writes values as JSON bytes.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private let isPretty: Bool
    private var indentation = 0

    init(pretty: Bool) {
        isPretty = pretty
    }

    mutating func write(_ value: Value) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let number): append(String(number))
        case .double(let number): append(number.isFinite ? Self.text(of: number) : "null")
        case .string(let text): write(text)
        case .array(let elements):
            list(elements.count, open: "[", close: "]") { writer, index in writer.write(elements[index]) }
        case .object(let members):
            list(members.count, open: "{", close: "}") { writer, index in
                writer.write(members.keys[index])
                writer.append(writer.isPretty ? ": " : ":")
                writer.write(members.values[index])
            }
        }
    }

    /// JSON has no way to say "1." and Swift's own text of a double is valid JSON but for that.
    private static func text(of number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) + ".0" : String(number)
    }

    private mutating func list(
        _ count: Int, open: String, close: String, each: (inout JSONWriter, Int) -> Void
    ) {
        append(open)
        guard count > 0 else { return append(close) }
        indentation += 1
        for index in 0..<count {
            if index > 0 { append(",") }
            newline()
            each(&self, index)
        }
        indentation -= 1
        newline()
        append(close)
    }

    private mutating func newline() {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation * 2))
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        // Nearly no text has anything to escape, and is taken over in one step.
        var text = text
        text.withUTF8 { utf8 in
            if utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
                bytes.append(contentsOf: utf8)
            } else {
                escape(utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default: bytes.append(byte)
            }
        }
    }
}

extension Value {
    /// This document as JSON on one line.
    public var jsonBytes: [UInt8] {
        var writer = JSONWriter(pretty: false)
        writer.write(self)
        return writer.bytes
    }

    /// This document as JSON text on one line.
    public var json: String { String(decoding: jsonBytes, as: UTF8.self) }

    /// This document as indented JSON text, as people read it.
    public var prettyJSON: String {
        var writer = JSONWriter(pretty: true)
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
