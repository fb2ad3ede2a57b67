/// Lines of `key=value`, the form of every small file that Lodestone puts beside a member's data.
///
/// Line breaks and backslashes in values are escaped, so that any text survives the round trip.
struct KeyValueText: Equatable {
    private(set) var values: [String: String] = [:]

    /// Empty text.
    init() {}

    /// Reads lines; what is not `key=value` (as a comment) is passed over.
    init(_ bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[String(line[..<equals])] = Self.unescaped(line[line.index(after: equals)...])
        }
    }

    subscript(key: String) -> String? {
        get { values[key] }
        set { values[key] = newValue }
    }

    /// The file's bytes: a comment that says what it is, then the keys in order.
    func bytes(comment: String) -> [UInt8] {
        let lines = values.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.escaped($0.value))" }
        return Array((["# \(comment)"] + lines).joined(separator: "\n").utf8) + [UInt8(ascii: "\n")]
    }

    private static func escaped(_ value: String) -> String {
        value.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    private static func unescaped(_ value: Substring) -> String {
        var text = String.UnicodeScalarView()
        var escaping = false
        for scalar in value.unicodeScalars {
            if escaping {
                text.append(scalar == "n" ? "\n" : scalar == "r" ? "\r" : scalar)
                escaping = false
            } else if scalar == "\\" {
                escaping = true
            } else {
                text.append(scalar)
            }
        }
        return String(text)
    }
}
