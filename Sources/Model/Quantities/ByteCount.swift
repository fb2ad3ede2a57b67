/// A number of bytes, written as Kubernetes writes quantities: `8Gi`, `512Mi`, `100M`, `4096`.
public struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number of bytes.
    public var bytes: Int64

    /// Creates a number of bytes.
    public init(_ bytes: Int64) {
        self.bytes = bytes
    }

    /// So many mebibytes.
    public static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }

    /// So many gibibytes.
    public static func gibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 30) }

    private static let units: [(suffix: String, bytes: Int64)] = [
        ("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40), ("Pi", 1 << 50),
        ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000),
    ]

    /// Reads a quantity; nil if the text is none, is negative or does not fit 63 bits.
    public init?(_ text: String) {
        let unit = Self.units.first { text.hasSuffix($0.suffix) }
        let digits = unit.map { text.dropLast($0.suffix.count) } ?? text[...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return nil }
        if let whole = Int64(digits) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: unit?.bytes ?? 1)
            guard !overflow else { return nil }
            bytes = product
        } else {
            guard let unit, let number = Double(digits), number * Double(unit.bytes) < 9e18 else { return nil }
            bytes = Int64((number * Double(unit.bytes)).rounded())
        }
    }

    /// The quantity in the largest binary unit that holds it exactly.
    public var description: String {
        guard bytes > 0 else { return String(bytes) }
        let unit = Self.units.prefix(5).last { bytes % $0.bytes == 0 }
        return unit.map { "\(bytes / $0.bytes)\($0.suffix)" } ?? String(bytes)
    }

    /// The quantity rounded for people: `409.3 MiB`.
    public var rounded: String {
        guard abs(bytes) >= 1024 else { return "\(bytes) B" }
        var amount = Double(bytes)
        var unit = "B"
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] where abs(amount) >= 1024 {
            amount /= 1024
            unit = next
        }
        let tenths = Int64((amount * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(abs(tenths % 10)) \(unit)"
    }

    /// Orders by size.
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: FieldValue {
    /// Text with a unit, or a plain number of bytes.
    public static var schema: Schema { Schema(.string(oneOf: [], format: nil), example: "8Gi") }

    /// Reads a quantity, as text or as a plain number of bytes.
    public static func decode(_ value: Value, _ decoding: inout Decoding) -> ByteCount? {
        switch value {
        case .string(let text):
            if let size = ByteCount(text) { return size }
            decoding.problem(.invalid, "\"\(text)\" is not a size; write it like \"512Mi\" or \"8Gi\"")
        case .integer(let number) where number >= 0: return ByteCount(number)
        default: decoding.mismatch(expected: "a size like \"8Gi\"", found: value)
        }
        return nil
    }

    /// The quantity as text.
    public var encoded: Value { .string(description) }
}
