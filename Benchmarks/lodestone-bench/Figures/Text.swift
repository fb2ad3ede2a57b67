/// Numbers as tables show them.
enum Text {
    /// A number with so many digits behind the point.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled.isFinite, scaled < 1e15 else { return "–" }
        let sign = value < 0 && scaled > 0 ? "-" : ""
        let whole = Int(scaled / scale)
        guard digits > 0 else { return sign + grouped(Int(scaled)) }
        let rest = String(Int(scaled) - whole * Int(scale))
        return sign + grouped(whole) + "." + String(repeating: "0", count: digits - rest.count) + rest
    }

    /// Seconds: with three digits of interest.
    static func seconds(_ value: Double) -> String {
        value < 0.1 ? "\(fixed(value * 1000, 1)) ms" : "\(fixed(value, value < 10 ? 2 : 1)) s"
    }

    /// A size in mebibytes.
    static func mebibytes(_ bytes: Double) -> String {
        let size = bytes / 1_048_576
        return "\(fixed(size, size < 10 ? 1 : 0)) MiB"
    }

    /// A ratio.
    static func ratio(_ value: Double) -> String {
        value < 0.1 ? fixed(value, 3) : fixed(value, 2)
    }

    /// A count with its thousands set apart.
    static func grouped(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }
}
