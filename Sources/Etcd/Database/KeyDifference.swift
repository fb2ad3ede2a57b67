/// A key that two databases do not agree on.
public struct KeyDifference: Sendable, Equatable {
    /// In what they differ.
    public enum Kind: String, Sendable, CaseIterable {
        /// The key exists in the first database only.
        case onlyInFirst
        /// The key exists in the second database only.
        case onlyInSecond
        /// The key exists in both, with another value.
        case changed
    }

    /// The key.
    public let key: [UInt8]
    /// In what they differ.
    public let kind: Kind
    /// The revision at which the key was last written, in the database that has it; in the second if both have.
    public let modRevision: Int64
    /// The size of that value in bytes.
    public let valueSize: Int

    init(_ record: DatabaseRecord, _ kind: Kind) {
        key = Array(record.content.key)
        self.kind = kind
        modRevision = record.content.modRevision
        valueSize = record.content.value.count
    }
}
