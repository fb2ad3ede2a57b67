public import Model

/// A condition on the labels of records, in the language of Kubernetes: `app=etcd,tier in (gold,silver),!legacy`.
public struct LabelSelector: Sendable, Equatable {
    /// One condition; all of them must hold.
    public enum Requirement: Sendable, Equatable {
        /// The label is there with one of these values.
        case isAny(String, of: Set<String>)
        /// The label is missing, or has none of these values.
        case isNone(String, of: Set<String>)
        /// The label is there.
        case exists(String)
        /// The label is missing.
        case isMissing(String)
    }

    /// The conditions; without any, every record is selected.
    public var requirements: [Requirement]

    /// A selector of conditions.
    public init(_ requirements: [Requirement] = []) {
        self.requirements = requirements
    }

    /// A selector of records with these labels.
    public init(matching labels: [String: String]) {
        requirements = labels.sorted { $0.key < $1.key }.map { .isAny($0.key, of: [$0.value]) }
    }

    /// Whether every record is selected.
    public var isEmpty: Bool { requirements.isEmpty }

    /// A label that all selected records have, as the store's table of labels holds it; nil if no single one is known.
    var indexed: String? {
        for case .isAny(let key, let values) in requirements where values.count == 1 {
            return values.first.map { "\(key)=\($0)" }
        }
        return nil
    }

    /// Reads the text form.
    ///
    /// - Throws: ``StoreError/invalid(_:reason:)`` that shows the part that cannot be read.
    public init(_ text: String) throws(StoreError) {
        var requirements: [Requirement] = []
        for part in SelectorText.parts(of: text) {
            guard let requirement = Self.requirement(part) else {
                throw .invalid(nil, reason: "unable to parse the label selector \"\(text)\" at \"\(part)\"")
            }
            requirements.append(requirement)
        }
        self.requirements = requirements
    }

    /// Whether labels fulfil every condition.
    public func matches(_ labels: Value.Members) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .isAny(let key, let values): labels[key]?.string.map(values.contains) ?? false
            case .isNone(let key, let values): !(labels[key]?.string.map(values.contains) ?? false)
            case .exists(let key): labels[key] != nil
            case .isMissing(let key): labels[key] == nil
            }
        }
    }

    private static func requirement(_ part: String) -> Requirement? {
        if part.hasPrefix("!") {
            let key = SelectorText.trimmed(part.dropFirst())
            return isKey(key) ? .isMissing(key) : nil
        }
        if let (key, isNegated, value) = SelectorText.comparison(part) {
            guard isKey(key), isValue(value) else { return nil }
            return isNegated ? .isNone(key, of: [value]) : .isAny(key, of: [value])
        }
        if part.hasSuffix(")"), let open = part.firstIndex(of: "(") {
            let words = part[..<open].split(whereSeparator: \.isWhitespace).map(String.init)
            let values = part[part.index(after: open)...].dropLast().split(
                separator: ",", omittingEmptySubsequences: false
            ).map { SelectorText.trimmed($0) }
            guard words.count == 2, isKey(words[0]), values.allSatisfy(isValue) else { return nil }
            switch words[1] {
            case "in": return .isAny(words[0], of: Set(values))
            case "notin": return .isNone(words[0], of: Set(values))
            default: return nil
            }
        }
        return isKey(part) ? .exists(part) : nil
    }

    /// A name, or a domain before it and a slash (apimachinery's `IsQualifiedName`).
    private static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, isName(name), parts.count <= 2 else { return false }
        return parts.count == 1
            || (1...253).contains(parts[0].utf8.count)
                && parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                    isName(part) && part.utf8.allSatisfy { $0 != UInt8(ascii: "_") && !isCapital($0) }
                }
    }

    /// Nothing, or a name (apimachinery's `IsValidLabelValue`).
    private static func isValue(_ text: String) -> Bool { text.isEmpty || isName(text[...]) }

    /// At most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
    private static func isName(_ text: Substring) -> Bool {
        guard (1...63).contains(text.utf8.count), let first = text.utf8.first, let last = text.utf8.last else {
            return false
        }
        return text.utf8.allSatisfy(isWord) && ![first, last].contains { [0x2D, 0x5F, 0x2E].contains($0) }
    }

    private static func isCapital(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

/// What the two languages of selectors have in common.
enum SelectorText {
    /// The parts between commas that are not inside parentheses.
    static func parts(of text: String) -> [String] {
        guard !trimmed(text[...]).isEmpty else { return [] }
        var parts: [String] = []
        var part = ""
        var depth = 0
        for character in text {
            switch character {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(trimmed(part[...]))
                part = ""
                continue
            default: break
            }
            part.append(character)
        }
        return parts + [trimmed(part[...])]
    }

    /// The sides of `a=b`, `a==b` or `a!=b`.
    static func comparison(_ part: String) -> (key: String, isNegated: Bool, value: String)? {
        guard let equals = part.firstIndex(of: "=") else { return nil }
        var key = part[..<equals]
        var value = part[part.index(after: equals)...]
        let isNegated = key.last == "!"
        if isNegated {
            key = key.dropLast()
        } else if value.first == "=" {
            value = value.dropFirst()
        }
        return (trimmed(key), isNegated, trimmed(value))
    }

    static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }
}
