public import Model

/// A key or a directory of etcd's v2 store.
public struct LegacyNode: Sendable, Hashable {
    /// Where it is.
    public var path: LegacyPath
    /// What it holds; nil for a directory, and where an event tells that the node is gone.
    public var value: [UInt8]?
    /// Whether it is a directory.
    public var isDirectory: Bool
    /// When it is deleted by itself, by the clock of the server.
    public var expiration: Timestamp?
    /// The store's index when it was last changed.
    public var modifiedIndex: UInt64
    /// The children, of a directory that was listed; hidden ones are never among them.
    public var children: [LegacyNode]

    /// Makes a node.
    public init(
        path: LegacyPath, value: [UInt8]? = nil, isDirectory: Bool = false, expiration: Timestamp? = nil,
        modifiedIndex: UInt64 = 0, children: [LegacyNode] = []
    ) {
        self.path = path
        self.value = value
        self.isDirectory = isDirectory
        self.expiration = expiration
        self.modifiedIndex = modifiedIndex
        self.children = children
    }

    /// Reads a `node` or `prevNode`; nil if it is none.
    init?(_ document: Value) {
        guard case .object = document else { return nil }
        // The root is the one node without a key.
        path = LegacyPath(document["key"]?.string ?? "")
        isDirectory = document["dir"]?.bool ?? false
        value = isDirectory ? nil : document["value"]?.string.map { [UInt8]($0.utf8) }
        modifiedIndex = UInt64(clamping: document["modifiedIndex"]?.integer ?? 0)
        expiration = nil
        if let text = document["expiration"]?.string {
            guard let moment = Timestamp(text) else { return nil }
            expiration = moment
        }
        children = []
        for child in document["nodes"]?.array ?? [] {
            guard let node = LegacyNode(child) else { return nil }
            children.append(node)
        }
    }
}
