internal import Etcd
internal import Model

/// A node of the v2 store as the destination is to have it.
struct LegacyEntry: Sendable {
    /// The node, without its children.
    let node: LegacyNode
    /// When it goes by itself: its own time or that of a directory it lies in, whichever comes first.
    let expiration: Timestamp?

    var path: LegacyPath { node.path }
}
