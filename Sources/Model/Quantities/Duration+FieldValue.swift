extension Duration {
    private static let units: [(suffix: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// Reads a duration as Go writes it, such as `30s`, `1h30m` or `1.5s`, and `d` for days; nil if the text is none.
    public init?(goText text: String) {
        var total: Double = 0
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        if rest == "0" {
            self = .zero
            return
        }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let suffix = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(suffix.count)
            guard let number = Double(digits), let unit = Self.units.first(where: { $0.suffix == suffix }) else {
                return nil
            }
            total += number * Double(unit.nanoseconds)
        }
        guard total < 9e18 else { return nil }
        self = .nanoseconds(Int64(total.rounded()))
    }

    /// The whole duration in nanoseconds, at most 285 years.
    public var nanoseconds: Int64 {
        // Less than 64 bits hold, so that the sign can change and a little be added.
        let limit: Int64 = 9_000_000_000
        guard components.seconds.magnitude < UInt64(limit) else {
            return components.seconds.signum() * limit * 1_000_000_000
        }
        return components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }

    /// The whole duration in seconds.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// The duration as Go writes it: `1h30m`, `30s`, `250ms`.
    public var goText: String {
        var rest = nanoseconds
        guard rest != 0 else { return "0s" }
        var text = rest < 0 ? "-" : ""
        rest = abs(rest)
        for unit in Self.units.reversed().dropFirst() where rest >= unit.nanoseconds {
            text += "\(rest / unit.nanoseconds)\(unit.suffix)"
            rest %= unit.nanoseconds
        }
        return text
    }

    /// The duration as people read an age, in at most two units as kubectl shows it: `5m12s`, `3d4h`.
    public var ageText: String {
        let total = max(0, components.seconds)
        let (days, hours, minutes, seconds) = (total / 86400, total / 3600 % 24, total / 60 % 60, total % 60)
        func two(_ first: Int64, _ unit: String, _ second: Int64, _ secondUnit: String) -> String {
            second == 0 ? "\(first)\(unit)" : "\(first)\(unit)\(second)\(secondUnit)"
        }
        if days >= 8 { return "\(days)d" }
        if days > 0 { return two(days, "d", hours, "h") }
        if hours >= 8 { return "\(hours)h" }
        if hours > 0 { return two(hours, "h", minutes, "m") }
        if minutes >= 10 { return "\(minutes)m" }
        if minutes > 0 { return two(minutes, "m", seconds, "s") }
        return "\(seconds)s"
    }
}

extension Duration: FieldValue {
    /// Text such as `30s`.
    public static var schema: Schema { Schema(.string(oneOf: [], format: nil), example: "30s") }

    /// Reads a duration with a unit; a plain number is refused, as nobody could know its unit.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> Duration? {
        guard case .string(let text) = value else {
            if case .integer(let number) = value {
                decoding.problem(.invalid, "must be a duration with a unit; write it like \"\(number)s\"")
            } else {
                decoding.mismatch(expected: "a duration like \"30s\"", found: value)
            }
            return nil
        }
        if let duration = Duration(goText: text) { return duration }
        decoding.problem(.invalid, "\"\(text)\" is not a duration; write it like \"30s\", \"5m\" or \"1h30m\"")
        return nil
    }

    /// The duration as Go writes it.
    public var encoded: Value { .string(goText) }
}

extension Rule where Content == Duration {
    /// The duration lies in a range.
    public static func between(_ shortest: Duration, _ longest: Duration) -> Rule {
        Rule { value in
            value >= shortest && value <= longest
                ? nil
                : (
                    .invalid,
                    "\(value.goText) is out of range; it must be between \(shortest.goText) and \(longest.goText)"
                )
        }
    }
}
