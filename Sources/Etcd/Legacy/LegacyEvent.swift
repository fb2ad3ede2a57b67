import Model

/// One change of etcd's v2 store.
public struct LegacyEvent: Sendable, Hashable {
    /// What was done.
    public enum Action: String, Sendable, Hashable {
        /// Written, whether it was there or not.
        case set
        /// Written, because it was not there.
        case create
        /// Written, because it was there; also a new time to live.
        case update
        /// Written, because it was as somebody expected.
        case compareAndSwap
        /// Deleted.
        case delete
        /// Deleted, because it was as somebody expected.
        case compareAndDelete
        /// Deleted by its time to live.
        case expire
    }

    /// What was done.
    public var action: Action
    /// The node afterwards.
    public var node: LegacyNode
    /// The node before, if there was one.
    public var previous: LegacyNode?

    /// Makes an event.
    public init(_ action: Action, _ node: LegacyNode, previous: LegacyNode? = nil) {
        self.action = action
        self.node = node
        self.previous = previous
    }

    /// The store's index of this change; every change takes one.
    public var index: UInt64 { node.modifiedIndex }

    /// Whether the node is gone after it.
    public var isRemoval: Bool { [.delete, .compareAndDelete, .expire].contains(action) }

    /// Whether it is about a directory and so about all that lies in it.
    public var isOfDirectory: Bool { node.isDirectory || (isRemoval && previous?.isDirectory == true) }

    /// About how much memory it takes, in bytes.
    package var byteCount: Int {
        300 + 2 * node.path.bytes.count + (node.value?.count ?? 0) + (previous?.value?.count ?? 0)
    }

    /// Reads an event; nil if it is none.
    init?(_ document: Value) {
        guard let action = document["action"]?.string.flatMap(Action.init), let content = document["node"],
            let node = LegacyNode(content)
        else { return nil }
        self.init(action, node, previous: document["prevNode"].flatMap(LegacyNode.init))
    }
}
