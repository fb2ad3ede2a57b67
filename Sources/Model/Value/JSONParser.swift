/// Why a text is not JSON: where and what.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, as the end of a sentence.
    public let reason: String
    /// The line, from 1.
    public let line: Int
    /// The byte within the line, from 1.
    public let column: Int

    /// The whole sentence.
    public var description: String { "line \(line), column \(column): \(reason)" }
}

/// A strict JSON parser (RFC 8259) over bytes: refuses duplicate names, bad UTF-8, trailing text and deep nesting.
struct JSONParser {
    /// Deeper documents are refused: the parser recurses, and no record is nearly as deep.
    static let maximumDepth = 200

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var depth = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> Value {
        var parser = JSONParser(bytes)
        parser.skipSpace()
        let value = try parser.value()
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.error("there is text after the end of the document") }
        return value
    }

    private func error(_ reason: String) -> JSONError {
        var line = 1
        var lineStart = 0
        for index in 0..<min(position, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return JSONError(reason: reason, line: line, column: position - lineStart + 1)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func value() throws(JSONError) -> Value {
        switch current {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
        case nil: throw error("the document ends too early")
        default: throw error("a JSON value is expected here")
        }
    }

    private mutating func literal(_ text: StaticString, _ value: Value) throws(JSONError) -> Value {
        let length = text.utf8CodeUnitCount
        guard position + length <= bytes.count else { throw error("a JSON value is expected here") }
        for offset in 0..<length where bytes[position + offset] != text.utf8Start[offset] {
            throw error("a JSON value is expected here")
        }
        position += length
        return value
    }

    private mutating func object() throws(JSONError) -> Value {
        try descend()
        position += 1
        var members = Value.Members()
        var seen: Set<String> = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            depth -= 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("a member name in quotes is expected here") }
            let key = try string()
            // Small objects are searched, large ones hashed: a hostile document must not cost quadratic time.
            if members.count < 16 ? members.keys.contains(key) : seen.contains(key) {
                throw error("the name \"\(key)\" is given twice")
            }
            if members.count == 15 { seen = Set(members.keys) }
            if members.count >= 15 { seen.insert(key) }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw error("':' is expected here") }
            position += 1
            skipSpace()
            members.append(key, try value())
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                depth -= 1
                return .object(members)
            default: throw error("',' or '}' is expected here")
            }
        }
    }

    private mutating func array() throws(JSONError) -> Value {
        try descend()
        position += 1
        var elements: [Value] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            depth -= 1
            return .array(elements)
        }
        while true {
            skipSpace()
            elements.append(try value())
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                depth -= 1
                return .array(elements)
            default: throw error("',' or ']' is expected here")
            }
        }
    }

    private mutating func descend() throws(JSONError) {
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw error("the document is nested more than \(Self.maximumDepth) levels deep")
        }
    }

    private mutating func number() throws(JSONError) -> Value {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let firstDigit = current
        var digits = 0
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
            digits += 1
        }
        guard digits > 0, digits == 1 || firstDigit != UInt8(ascii: "0") else { throw error("this is not a number") }
        var isInteger = true
        while let byte = current {
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                isInteger = false
                position += 1
                continue
            default: break
            }
            break
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else { throw error("\(text) is not a number JSON can hold") }
        return .double(double)
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        // The fast path: most strings have no escape, and are made from the bytes in one step.
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
            position += 1
        }
        if current == UInt8(ascii: "\"") {
            let text = try decodeText(bytes[start..<position])
            position += 1
            return text
        }
        var buffer = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return try buffer.withUnsafeBufferPointer { (all) throws(JSONError) in try decodeText(all[...]) }
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &buffer)
            case 0..<0x20: throw error("a control character must be escaped in a string")
            default:
                buffer.append(byte)
                position += 1
            }
        }
        throw error("a string is not closed")
    }

    private func decodeText(_ slice: Slice<UnsafeBufferPointer<UInt8>>) throws(JSONError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw error("a string is not valid UTF-8") }
        return text
    }

    private mutating func escape(into buffer: inout [UInt8]) throws(JSONError) {
        guard let kind = current else { throw error("a string is not closed") }
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(kind)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hex4()
            if (0xD800..<0xDC00).contains(code) {
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw error("half of a surrogate pair stands alone") }
                position += 2
                let low = try hex4()
                guard (0xDC00..<0xE000).contains(low) else { throw error("half of a surrogate pair stands alone") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair stands alone") }
            buffer.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw error("this escape does not exist in JSON")
        }
    }

    private mutating func hex4() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw error("a string is not closed") }
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw error("four hexadecimal digits are expected after \\u")
            }
            code = code << 4 + UInt32(digit)
            position += 1
        }
        return code
    }
}

extension Value {
    /// Parses a JSON document.
    ///
    /// - Throws: `JSONError` with line and column where the text is not strict JSON.
    public init(json bytes: [UInt8]) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { (all) throws(JSONError) in try JSONParser.parse(all) }
    }

    /// Parses a JSON document.
    ///
    /// - Throws: `JSONError` with line and column where the text is not strict JSON.
    public init(json text: String) throws(JSONError) {
        try self.init(json: Array(text.utf8))
    }
}
