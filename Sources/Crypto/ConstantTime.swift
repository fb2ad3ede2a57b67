/// Comparisons whose duration tells nothing about where two secrets differ.
public enum ConstantTime {
    /// Whether two byte strings are equal; takes the same time for every pair of the same lengths.
    ///
    /// The lengths themselves are not hidden: compare digests, which all have the same length.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices {
            difference |= left[index] ^ right[index]
        }
        return difference == 0
    }
}
