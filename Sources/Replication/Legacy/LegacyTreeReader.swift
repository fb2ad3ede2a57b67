internal import Etcd
internal import Model

/// Reads everything below a directory in the order in which the destination has the keys, one directory at a time.
///
/// The v2 API gives a directory only as a whole, so memory is that of the largest directories on one path. Every
/// directory is read at an index of its own, never before `minimumIndex`: what has changed since, the tail tells.
struct LegacyTreeReader {
    /// How many directories are read at a time.
    private static let width = 8

    private struct Child {
        let node: LegacyNode
        /// What to sort by; a slash ends a directory's name, because it stands there in the keys below it.
        let order: [UInt8]
        var listing: [LegacyNode]?
    }

    private struct Frame {
        var children: [Child]
        var next = 0
        let expiration: Timestamp?
    }

    private let client: LegacyClient
    private let minimumIndex: UInt64
    /// Hidden nodes, by the directory they lie in.
    private let hidden: [LegacyPath: [LegacyPath]]
    private var frames: [Frame] = []
    /// How many keys have been listed.
    private(set) var found = 0
    /// The highest index at which a directory was read.
    private(set) var newestIndex: UInt64 = 0

    /// Makes a reader of what lies below `directory`; `expiration` is the time it goes itself.
    init(
        _ client: LegacyClient, below directory: LegacyPath, expiration: Timestamp?, hidden: Set<LegacyPath>,
        minimumIndex: UInt64
    ) async throws {
        self.client = client
        self.minimumIndex = minimumIndex
        self.hidden = Dictionary(grouping: hidden, by: \.parent)
        let (listing, index) = try await Self.list(directory, client, self.hidden, minimumIndex)
        newestIndex = index
        push(listing, expiration)
    }

    /// The next key or directory, nil at the end; a directory comes before what lies in it.
    mutating func next() async throws -> LegacyEntry? {
        while let last = frames.indices.last {
            let index = frames[last].next
            guard index < frames[last].children.count else {
                frames.removeLast()
                continue
            }
            if frames[last].children[index].node.isDirectory { try await readAhead(in: last, from: index) }
            let child = frames[last].children[index]
            frames[last].children[index].listing = nil
            frames[last].next += 1
            let expiration = Self.earliest(child.node.expiration, frames[last].expiration)
            if let listing = child.listing { push(listing, expiration) }
            return LegacyEntry(node: child.node, expiration: expiration)
        }
        return nil
    }

    /// The earlier of two times, if there is one.
    static func earliest(_ first: Timestamp?, _ second: Timestamp?) -> Timestamp? {
        guard let first, let second else { return first ?? second }
        return min(first, second)
    }

    private mutating func push(_ listing: [LegacyNode], _ expiration: Timestamp?) {
        let children = listing.map { node in
            Child(node: node, order: node.isDirectory ? node.path.bytes + [UInt8(ascii: "/")] : node.path.bytes)
        }
        found += listing.count { !$0.isDirectory }
        frames.append(
            Frame(children: children.sorted { $0.order.lexicographicallyPrecedes($1.order) }, expiration: expiration))
    }

    /// Lists a directory and some of those that come after it.
    private mutating func readAhead(in frame: Int, from start: Int) async throws {
        guard frames[frame].children[start].listing == nil else { return }
        let wanted = frames[frame].children.indices[start...]
            .lazy.filter { [frames] in frames[frame].children[$0].node.isDirectory }.prefix(Self.width)
        let paths = wanted.map { [frames] in ($0, frames[frame].children[$0].node.path) }
        try await withThrowingTaskGroup(of: (Int, [LegacyNode], UInt64).self) { [client, hidden, minimumIndex] group in
            for (index, path) in paths {
                group.addTask {
                    let (nodes, seen) = try await Self.list(path, client, hidden, minimumIndex)
                    return (index, nodes, seen)
                }
            }
            for try await (index, nodes, seen) in group {
                frames[frame].children[index].listing = nodes
                newestIndex = max(newestIndex, seen)
            }
        }
    }

    /// The children of a directory, hidden ones that are known included; nothing if it is gone.
    private static func list(
        _ directory: LegacyPath, _ client: LegacyClient, _ hidden: [LegacyPath: [LegacyPath]], _ minimum: UInt64
    ) async throws -> (nodes: [LegacyNode], index: UInt64) {
        guard let (node, index) = try await get(directory, client, minimum) else { return ([], 0) }
        var nodes = node.children
        for path in hidden[directory] ?? [] {
            guard var (child, _) = try await get(path, client, minimum) else { continue }
            child.children = []
            nodes.append(child)
        }
        return (nodes, index)
    }

    /// Reads a node from a member that has seen enough; nil if there is none.
    static func get(
        _ path: LegacyPath, _ client: LegacyClient, _ minimum: UInt64
    ) async throws -> (node: LegacyNode, index: UInt64)? {
        for _ in 0..<200 {
            do {
                let answer = try await client.get(path)
                if answer.index >= minimum { return (answer.node, answer.index) }
            } catch {
                guard error.code == .keyNotFound else { throw error }
                // Also this may be the view of a member that is behind.
                if try await client.index().index >= minimum { return nil }
            }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw ReplicationError(
            .unavailable, client.preferred, "it stays behind the other members of its cluster",
            remedy: "see whether it reaches them")
    }
}
