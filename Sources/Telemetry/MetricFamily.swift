/// One metric with all its series, as scraped.
public struct MetricFamily: Sendable, Equatable {
    /// The kinds Prometheus knows.
    public enum Kind: String, Sendable {
        /// Only grows.
        case counter
        /// Rises and falls.
        case gauge
        /// A distribution in buckets.
        case histogram
    }

    /// The name, such as `lodestone_store_records`.
    public let name: String
    /// What the metric says, one sentence.
    public let help: String
    /// How to read it.
    public let kind: Kind
    /// The series, one sample each (several for a histogram).
    public var samples: [MetricSample]

    /// A family of series; the name must fit Prometheus's grammar.
    public init(_ name: String, _ help: String, kind: Kind = .gauge, samples: [MetricSample]) {
        precondition(MetricName.isValid(name), "\(name) is not a metric name")
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }
}

/// One value of one series.
public struct MetricSample: Sendable, Equatable {
    let suffix: String
    let labels: [MetricLabel]
    let value: Double

    init(suffix: String = "", labels: [MetricLabel], value: Double) {
        self.suffix = suffix
        self.labels = labels
        self.value = value
    }

    /// The value of the series with these labels.
    public init(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        self.init(labels: labels.map { MetricLabel($0.key, $0.value) }, value: value)
    }
}

/// A name and value that tell one series from its siblings.
struct MetricLabel: Sendable, Equatable {
    let name: String
    let value: String

    init(_ name: String, _ value: String) {
        precondition(MetricName.isValidLabel(name), "\(name) is not a label name")
        self.name = name
        self.value = value
    }
}

/// The grammar of names in the exposition format.
enum MetricName {
    static func isValid(_ name: String) -> Bool {
        isWord(name, extra: UInt8(ascii: ":"))
    }

    static func isValidLabel(_ name: String) -> Bool {
        isWord(name, extra: nil) && !name.hasPrefix("__")
    }

    private static func isWord(_ name: String, extra: UInt8?) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: byte == extra
            }
        }
    }
}
