/// That the selected keys of a source, as they were at one revision, are at a destination; made by a comparison that
/// found no difference, or again from what was kept of such a one.
public struct ComparisonProof: Sendable, Hashable {
    /// The source's cluster ID.
    public let sourceID: UInt64
    /// The source's revision that was compared.
    public let sourceRevision: Int64
    /// Which keys were compared.
    public let selection: KeySelection

    /// Restates what a comparison has found.
    ///
    /// Only for one that found no difference and left no key of the source uncompared: a copy with the conflict policy
    /// Keep that met keys proves nothing of what the source holds under their names.
    public init(sourceID: UInt64, sourceRevision: Int64, selection: KeySelection) {
        self.sourceID = sourceID
        self.sourceRevision = sourceRevision
        self.selection = selection
    }
}
