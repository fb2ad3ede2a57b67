/// The text exposition format of Prometheus, version 0.0.4.
public enum PrometheusText {
    /// The media type of the format.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The families as the body of a scrape; families without samples are left out.
    public static func bytes(of families: [MetricFamily]) -> [UInt8] {
        var bytes: [UInt8] = []
        for family in families where !family.samples.isEmpty {
            bytes += "# HELP \(family.name) ".utf8
            appendEscaped(family.help, quotes: false, to: &bytes)
            bytes += "\n# TYPE \(family.name) \(family.kind.rawValue)\n".utf8
            for sample in family.samples {
                append(sample, of: family.name, to: &bytes)
            }
        }
        return bytes
    }

    /// A number as the format writes it.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? String(value)
    }

    private static func append(_ sample: MetricSample, of name: String, to bytes: inout [UInt8]) {
        bytes += name.utf8
        bytes += sample.suffix.utf8
        for (index, label) in sample.labels.enumerated() {
            bytes.append(UInt8(ascii: index == 0 ? "{" : ","))
            bytes += label.name.utf8
            bytes += "=\"".utf8
            appendEscaped(label.value, quotes: true, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        if !sample.labels.isEmpty { bytes.append(UInt8(ascii: "}")) }
        bytes.append(UInt8(ascii: " "))
        bytes += number(sample.value).utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func appendEscaped(_ text: String, quotes: Bool, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\"") where quotes: bytes += "\\\"".utf8
            default: bytes.append(byte)
            }
        }
    }
}
