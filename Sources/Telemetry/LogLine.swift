/// One event to be logged, before it takes the form of text or JSON.
struct LogLine: Sendable, Equatable {
    let time: WallTime
    let level: LogLevel
    let label: String
    let message: String
    let fields: [LogField]

    /// The bytes of the line in `format`, newline included; control characters are escaped in both, so that text from
    /// outside can never forge a second line.
    func bytes(in format: LogFormat) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(160 + message.utf8.count)
        switch format {
        case .text: appendText(to: &bytes)
        case .json: appendJSON(to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}

/// The form of log lines.
public enum LogFormat: String, Sendable, CaseIterable {
    /// For people: time, level, label, message, then `name=value` fields.
    case text
    /// For machines: one JSON object a line.
    case json
}

// MARK: Text

extension LogLine {
    private func appendText(to bytes: inout [UInt8]) {
        time.append(to: &bytes)
        bytes.append(UInt8(ascii: " "))
        let name = level.description.uppercased()
        bytes += name.utf8
        bytes += String(repeating: " ", count: max(1, 8 - name.count)).utf8
        bytes += label.utf8
        bytes += ": ".utf8
        Self.appendEscaped(message, quoted: false, to: &bytes)
        for field in fields {
            bytes.append(UInt8(ascii: " "))
            Self.appendEscaped(field.name, quoted: false, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            Self.appendText(field.value, to: &bytes)
        }
    }

    private static func appendText(_ value: LogValue, to bytes: inout [UInt8]) {
        switch value {
        case .text(let text):
            let plain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x7F }
            if plain {
                bytes += text.utf8
            } else {
                bytes.append(UInt8(ascii: "\""))
                appendEscaped(text, quoted: true, to: &bytes)
                bytes.append(UInt8(ascii: "\""))
            }
        case .integer(let integer): bytes += String(integer).utf8
        case .number(let number): bytes += String(number).utf8
        case .flag(let flag): bytes += (flag ? "true" : "false").utf8
        case .duration(let duration): bytes += "\(seconds(of: duration))s".utf8
        }
    }
}

// MARK: JSON

extension LogLine {
    /// The names the line itself uses; a field of the same name gets a trailing underscore.
    private static let reserved: Set<String> = ["time", "level", "logger", "message"]

    private func appendJSON(to bytes: inout [UInt8]) {
        bytes += "{\"time\":\"".utf8
        time.append(to: &bytes)
        bytes += "\",\"level\":\"\(level)\",\"logger\":".utf8
        Self.appendJSON(label, to: &bytes)
        bytes += ",\"message\":".utf8
        Self.appendJSON(message, to: &bytes)
        for field in fields {
            bytes.append(UInt8(ascii: ","))
            Self.appendJSON(Self.reserved.contains(field.name) ? field.name + "_" : field.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            switch field.value {
            case .text(let text): Self.appendJSON(text, to: &bytes)
            case .integer(let integer): bytes += String(integer).utf8
            case .number(let number) where number.isFinite: bytes += String(number).utf8
            case .number(let number): Self.appendJSON(String(number), to: &bytes)
            case .flag(let flag): bytes += (flag ? "true" : "false").utf8
            case .duration(let duration): bytes += String(Self.seconds(of: duration)).utf8
            }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func appendJSON(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        appendEscaped(text, quoted: true, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }
}

// MARK: Parts of both

extension LogLine {
    private static func seconds(of duration: Duration) -> Double {
        let milliseconds = duration / .milliseconds(1)
        // Below a second, microseconds still tell something; above, milliseconds are enough to read.
        return abs(milliseconds) < 1000
            ? (milliseconds * 1000).rounded() / 1_000_000 : milliseconds.rounded() / 1000
    }

    /// Appends `text` with control characters as JSON escapes; with `quoted`, quotes and backslashes too.
    private static func appendEscaped(_ text: String, quoted: Bool, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\r"): bytes += "\\r".utf8
            case UInt8(ascii: "\t"): bytes += "\\t".utf8
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                if quoted { bytes.append(UInt8(ascii: "\\")) }
                bytes.append(byte)
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                bytes += "\\u00\(digits.count == 1 ? "0" : "")\(digits)".utf8
            default: bytes.append(byte)
            }
        }
    }
}
