public import Etcd

/// All changes of one revision, in the order in which etcd made them.
///
/// Their order is that of etcd's sub-revisions, which `HashKV` covers: whoever applies them must keep it.
public struct RevisionChanges: Sendable, Hashable {
    /// The revision.
    public let revision: Int64
    /// When they were seen, in nanoseconds since 1970 by this machine's clock.
    public let seenAt: Int64
    /// The changes; never empty, since etcd makes no revision without one.
    public let events: [WatchEvent]

    /// Gathers the changes of one revision.
    public init(revision: Int64, seenAt: Int64 = 0, events: [WatchEvent]) {
        self.revision = revision
        self.seenAt = seenAt
        self.events = events
    }
}
