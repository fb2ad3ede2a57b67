/// A bucket in the making: entries come in ascending order of their keys and become a B+ tree, page by page.
///
/// Leaves are written as they fill; above them grows one open branch page for each level. So a bucket of any size takes
/// a few pages of memory. bbolt, which changes trees in place, leaves room in its pages; what is written once needs none.
struct BucketWriter {
    private let output: PageOutput
    private var leaf = PageNode(isLeaf: true)
    private var branches: [PageNode] = []
    private var last: [UInt8]?

    init(_ output: PageOutput) {
        self.output = output
    }

    /// Adds an entry, whose key must come after all before it.
    mutating func add(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, isBucket: Bool = false
    ) throws(DatabaseError) {
        let follows = last.map { last in last.withUnsafeBytes { $0.precedes(key) } } ?? true
        guard follows else {
            throw DatabaseError(.damaged, path: output.path, "an entry to be written does not follow the one before it")
        }
        if !leaf.hasRoom(for: key.count + value.count, pageSize: output.pageSize) { try flushLeaf() }
        leaf.add(key, value, isBucket: isBucket)
        last = Array(key)
    }

    /// Adds an entry.
    mutating func add(_ key: [UInt8], _ value: [UInt8], isBucket: Bool = false) throws(DatabaseError) {
        try key.span.withUnsafeBytes { (key) throws(DatabaseError) in
            try value.span.withUnsafeBytes { (value) throws(DatabaseError) in
                try add(key, value, isBucket: isBucket)
            }
        }
    }

    /// Writes what is left and returns the number of the root page.
    mutating func finish() throws(DatabaseError) -> UInt64 {
        guard !branches.isEmpty else { return try output.write(leaf) }
        if !leaf.elements.isEmpty { try flushLeaf() }
        var level = 0
        while true {
            let branch = branches[level]
            let isTop = level + 1 == branches.count
            // A single page needs nothing above it.
            if isTop, branch.elements.count == 1 { return branch.elements[0].child }
            if isTop { return try output.write(branch) }
            try flushBranch(level)
            level += 1
        }
    }

    private mutating func flushLeaf() throws(DatabaseError) {
        let key = leaf.firstKey
        let page = try output.write(leaf)
        leaf.removeAll()
        try add(key, page, level: 0)
    }

    private mutating func flushBranch(_ level: Int) throws(DatabaseError) {
        guard !branches[level].elements.isEmpty else { return }
        let key = branches[level].firstKey
        let page = try output.write(branches[level])
        branches[level].removeAll()
        try add(key, page, level: level + 1)
    }

    private mutating func add(_ key: [UInt8], _ page: UInt64, level: Int) throws(DatabaseError) {
        if level == branches.count { branches.append(PageNode(isLeaf: false)) }
        if !branches[level].hasRoom(for: key.count, pageSize: output.pageSize) { try flushBranch(level) }
        branches[level].add(key, child: page)
    }
}
