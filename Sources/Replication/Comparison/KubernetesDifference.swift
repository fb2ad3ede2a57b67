/// An object that is not the same at both ends.
public struct KubernetesDifference: Sendable, Hashable, CustomStringConvertible {
    /// In what way.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The destination does not have it.
        case missing = "Missing"
        /// Only the destination has it.
        case unexpected = "Unexpected"
        /// It has another uid: a namesake, not the object.
        case identity = "OtherIdentity"
        /// It has another generation.
        case generation = "GenerationDiffers"
        /// Something else in it differs.
        case content = "ContentDiffers"
        /// It cannot be decoded at one end at least, and its bytes differ.
        case bytes = "BytesDiffer"
    }

    /// In what way.
    public let kind: Kind
    /// Where it belongs.
    public let place: KubernetesPlace
    /// The key's name at the source.
    public let key: [UInt8]

    /// The key and what is different, with what is not UTF-8 replaced.
    public var description: String {
        let name = String(decoding: key, as: UTF8.self)
        return switch kind {
        case .missing: "\(name): missing at the destination"
        case .unexpected: "\(name): only at the destination"
        case .identity: "\(name): another object of the same name (its uid differs)"
        case .generation: "\(name): another generation"
        case .content: "\(name): other content"
        case .bytes: "\(name): other bytes, which cannot be decoded"
        }
    }
}
