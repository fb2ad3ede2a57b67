/// A key that is not the same at both ends.
public struct KeyspaceDifference: Sendable, Hashable, CustomStringConvertible {
    /// In what way.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The destination does not have it.
        case missing = "Missing"
        /// Only the destination has it.
        case unexpected = "Unexpected"
        /// It holds other bytes.
        case value = "ValueDiffers"
        /// It ends with another lease, or with one at one end only.
        case lease = "LeaseDiffers"
    }

    /// In what way.
    public let kind: Kind
    /// The key's name at the source; for an unexpected one, the name it would have.
    public let key: [UInt8]
    /// The revision of its last change at the source, 0 if it is not there.
    public let sourceRevision: Int64
    /// The revision of its last change at the destination, 0 if it is not there.
    public let targetRevision: Int64

    /// The key and what is different, with what is not UTF-8 replaced.
    public var description: String {
        let name = String(decoding: key, as: UTF8.self)
        return switch kind {
        case .missing: "\(name): missing at the destination (source revision \(sourceRevision))"
        case .unexpected: "\(name): only at the destination (its revision \(targetRevision))"
        case .value: "\(name): other value (source revision \(sourceRevision), destination's \(targetRevision))"
        case .lease: "\(name): other lease (source revision \(sourceRevision), destination's \(targetRevision))"
        }
    }
}
