/// How far a comparison is.
public struct ComparisonProgress: Sendable, Hashable {
    /// How many keys of the source have been gone through.
    public var keysCompared = 0
    /// How many there are; 0 until that is known.
    public var keysTotal = 0
    /// How many differences have been found.
    public var differences = 0
}
