import Glibc

/// A range of keys: one key, all keys with a prefix, or all keys from one to before another.
///
/// etcd orders keys by their bytes. It has no empty key, and in requests a range end of one zero byte means "to the
/// last key"; this type keeps those encodings out of the way.
public struct KeyRange: Sendable, Hashable, CustomStringConvertible {
    /// Where a range ends.
    enum End: Sendable, Hashable {
        /// The range is the single key it starts with.
        case single
        /// The first key that is no longer in the range.
        case before([UInt8])
        /// There is no end.
        case open
    }

    /// The first key that can be in the range; empty only for `key("")`, which etcd refuses.
    public let start: [UInt8]
    let end: End

    init(start: [UInt8], end: End) {
        self.start = start.isEmpty && end != .single ? [0] : start
        self.end = end
    }

    /// Every key there is.
    public static let all = KeyRange(start: [0], end: .open)

    /// Exactly one key, which must not be empty.
    public static func key(_ key: [UInt8]) -> KeyRange { KeyRange(start: key, end: .single) }

    /// Exactly one key, which must not be empty.
    public static func key(_ key: String) -> KeyRange { .key([UInt8](key.utf8)) }

    /// All keys that begin with `prefix`; with an empty one, every key.
    public static func prefix(_ prefix: [UInt8]) -> KeyRange {
        guard let end = successor(ofPrefix: prefix) else { return .from(prefix) }
        return KeyRange(start: prefix, end: .before(end))
    }

    /// All keys that begin with `prefix`; with an empty one, every key.
    public static func prefix(_ prefix: String) -> KeyRange { .prefix([UInt8](prefix.utf8)) }

    /// `key` and all keys after it.
    public static func from(_ key: [UInt8]) -> KeyRange { KeyRange(start: key, end: .open) }

    /// `start` and the keys after it, up to before `end`.
    public static func range(_ start: [UInt8], before end: [UInt8]) -> KeyRange {
        KeyRange(start: start, end: .before(end))
    }

    /// The first key that is no longer in the range, nil if the range has no end.
    public var upperBound: [UInt8]? {
        switch end {
        case .single: start + [0]
        case .before(let key): key
        case .open: nil
        }
    }

    /// Whether no key can be in the range.
    public var isEmpty: Bool {
        guard let upperBound else { return false }
        return !start.precedes(upperBound)
    }

    /// Whether `key` is in the range.
    public func contains(_ key: [UInt8]) -> Bool {
        guard !key.precedes(start) else { return false }
        guard let upperBound else { return true }
        return key.precedes(upperBound)
    }

    /// The `range_end` of a request for this range; empty means that the field stays away.
    var encodedEnd: [UInt8] {
        switch end {
        case .single: []
        case .before(let key): key
        case .open: [0]
        }
    }

    /// The first key after all that begin with `prefix`, nil if no such key exists (nothing but 0xff bytes).
    static func successor(ofPrefix prefix: [UInt8]) -> [UInt8]? {
        guard let last = prefix.lastIndex(where: { $0 < 0xff }) else { return nil }
        var end = Array(prefix[...last])
        end[last] += 1
        return end
    }

    /// The range as text for messages.
    public var description: String {
        let first = String(decoding: start, as: UTF8.self)
        return switch end {
        case .single: "key \(first)"
        case .before(let key): "keys from \(first) to before \(String(decoding: key, as: UTF8.self))"
        case .open: start == [0] ? "all keys" : "keys from \(first)"
        }
    }
}

extension [UInt8] {
    /// Whether these bytes come before `other` in etcd's order of keys.
    func precedes(_ other: [UInt8]) -> Bool {
        let order = memcmp(self, other, Swift.min(count, other.count))
        return order < 0 || (order == 0 && count < other.count)
    }
}
