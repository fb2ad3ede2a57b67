/// What happens to keys that the destination has already where keys are copied to.
public enum ConflictPolicy: String, Sendable, Hashable, CaseIterable {
    /// Nothing is copied: the destination must hold no key there.
    case refuse = "Refuse"
    /// Keys of the source win; what the source does not have stays as it is.
    case overwrite = "Overwrite"
    /// Keys that were there before win, and stay as they are.
    case keep = "Keep"
}
