/// What is found where backups should be.
public struct BackupListing: Sendable, Equatable {
    /// The whole backups with a sound manifest, newest first.
    public var backups: [BackupManifest] = []
    /// What cannot be counted as a backup, and why.
    public var unreadable: [ArchiveError] = []

    /// Makes an empty listing.
    public init() {}
}
