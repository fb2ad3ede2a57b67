import Model

/// What plain scalars mean by the core schema of YAML 1.2: `true`, `null`, `12` and `1.5` are not text, `yes` is.
enum CoreSchema {
    /// Why a scalar is refused.
    struct Refusal: Error {
        let message: String
    }

    /// The value of a plain scalar.
    static func resolve(_ text: String) throws(Refusal) -> Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: return try number(text) ?? .string(text)
        }
    }

    /// The value of a scalar with a tag; `!` and `!!str` make text of anything.
    static func resolve(_ text: String, tag: String) throws(Refusal) -> Value {
        let standard = "tag:yaml.org,2002:"
        switch tag {
        case "!", standard + "str": return .string(text)
        case standard + "null", standard + "bool", standard + "int", standard + "float":
            let name = tag.dropFirst(standard.count)
            switch (name, try resolve(text)) {
            case ("null", .null): return .null
            case ("bool", .bool(let flag)): return .bool(flag)
            case ("int", .integer(let number)): return .integer(number)
            case ("float", .integer(let number)): return .double(Double(number))
            case ("float", .double(let number)): return .double(number)
            default: throw Refusal(message: "\"\(text)\" is not what its tag !!\(name) says")
            }
        default: throw unsupported(tag: tag)
        }
    }

    static func unsupported(tag: String) -> Refusal {
        Refusal(message: "the tag \(tag) is not supported; remove it")
    }

    private static func number(_ text: String) throws(Refusal) -> Value? {
        var rest = Array(text.utf8)[...]
        guard rest.count <= 400, let first = rest.first else { return nil }
        let isSigned = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
        if isSigned { rest = rest.dropFirst() }
        if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(String(decoding: rest, as: UTF8.self)) {
            throw Refusal(message: "\(text) is no number a record can hold; put it in quotes if text is meant")
        }
        if !isSigned, let based = based(rest) { return .integer(based) }
        let whole = digits(&rest)
        var fraction: [UInt8] = []
        var exponent: [UInt8]?
        let hasPoint = rest.first == UInt8(ascii: ".")
        if hasPoint {
            rest = rest.dropFirst()
            fraction = digits(&rest)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        if let sign = rest.first, sign | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
            exponent = digits(&rest)
        }
        guard rest.isEmpty, exponent?.isEmpty != true else { return nil }
        if whole.count > 1, whole.first == UInt8(ascii: "0") {
            // 0755 is 755 in YAML 1.2 and 493 in YAML 1.1, which most tools speak.
            throw Refusal(
                message: "\(text) begins with a zero, which YAML readers take differently; write it in quotes")
        }
        if !hasPoint, exponent == nil, let integer = Int64(text) { return .integer(integer) }
        guard let double = Double(text.last == "." ? text + "0" : text), double.isFinite else {
            throw Refusal(message: "\(text) is too large a number; put it in quotes if text is meant")
        }
        return .double(double)
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(digits.count)
        return Array(digits)
    }

    /// `0o17` and `0x1F`.
    private static func based(_ text: ArraySlice<UInt8>) -> Int64? {
        guard text.count > 2, text.first == UInt8(ascii: "0") else { return nil }
        let digits = String(decoding: text.dropFirst(2), as: UTF8.self)
        guard digits.first?.isHexDigit == true else { return nil }
        switch text[text.startIndex + 1] {
        case UInt8(ascii: "o"): return Int64(digits, radix: 8)
        case UInt8(ascii: "x"): return Int64(digits, radix: 16)
        default: return nil
        }
    }
}
