/// Why a sealed stream cannot be opened.
public enum SealingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The bytes do not begin as a sealed stream does.
    case notSealed
    /// The header cannot be that of a sealed stream.
    case damagedHeader(String)
    /// The stream was sealed under another key of that name, or its header was changed.
    case wrongKey(id: String)
    /// A segment is not as it was sealed: changed, moved, or taken from another stream.
    case damagedSegment(UInt64)
    /// The stream ends before its last segment.
    case truncated

    /// What was found, as a clause without a full stop.
    public var description: String {
        switch self {
        case .notSealed: "the bytes are not those of a sealed stream"
        case .damagedHeader(let detail): "the header of the sealed stream is damaged: \(detail)"
        case .wrongKey(let id): "it was sealed under another key than this key \"\(id)\", or its header was changed"
        case .damagedSegment(let number):
            "segment \(number) of the sealed stream is not what was sealed: its bytes were changed, moved or cut off"
        case .truncated: "the sealed stream ends before its last segment"
        }
    }
}
