import Glibc

/// Where a bucket's entries are: a tree of pages, or a single page kept inside the parent's entry.
enum BucketRoot {
    case tree(UInt64)
    case inline(on: UInt64, [UInt8])
}

/// A walk over the B+ trees of a database that proves their structure on the way.
///
/// Every page is bounds-checked, may be reached only once (so a damaged link can neither loop nor share), and has to
/// hold keys within the bounds its parents promise. Entries come in key order.
struct BucketTree {
    let reader: PageReader
    private var reached = Bitmap()
    private var steps = 0

    /// The number of pages reached so far, overflow pages included.
    var reachedPages: Int { reached.count }

    /// Deeper than any tree bbolt can grow: 32 levels of at least two children are more pages than a disk has.
    private static let deepest = 32

    init(reader: PageReader) {
        self.reader = reader
    }

    /// Hands out every entry of a bucket in key order.
    mutating func walk(
        _ root: BucketRoot, _ body: (UInt64, Page.Entry) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        switch root {
        case .tree(let page):
            try descend(to: page, depth: 0, bounds: Bounds(), body)
        case .inline(let page, let bytes):
            try walkInline(bytes, on: page, body)
        }
    }

    /// The nested buckets of a bucket, by name; an entry that is not a bucket is damage, as etcd writes none there.
    mutating func buckets(in root: BucketRoot) throws(DatabaseError) -> [String: BucketRoot] {
        var buckets: [String: BucketRoot] = [:]
        let reader = reader
        try walk(root) { (page, entry) throws(DatabaseError) in
            guard entry.element.flags == 1, entry.value.count >= 16 else {
                throw reader.damage(page, "the list of buckets holds something that is not a bucket")
            }
            let name = String(decoding: entry.key, as: UTF8.self)
            let child = entry.value.loadUnaligned(as: UInt64.self).littleEndian
            buckets[name] = child == 0 ? .inline(on: page, Array(entry.value.dropFirst(16))) : .tree(child)
        }
        return buckets
    }

    /// Proves the free list, if one is stored: it has to name exactly the pages no bucket reaches.
    mutating func checkFreelist(at id: UInt64) throws(DatabaseError) {
        guard id != DatabaseMeta.noFreelist else { return }
        let page = try reader.page(id)
        guard page.header.kind == .freelist else { throw reader.damage(id, "the page should be the free list") }
        try reach(page)
        let isLong = page.header.count == .max
        let first = PageHeader.size + (isLong ? 8 : 0)
        let count =
            isLong
            ? Int(page.bytes.loadUnaligned(fromByteOffset: PageHeader.size, as: UInt64.self).littleEndian)
            : Int(page.header.count)
        for index in 0..<count {
            let free = page.bytes.loadUnaligned(fromByteOffset: first + index * 8, as: UInt64.self).littleEndian
            guard free >= 2, free < reader.pageCount, reached.insert(Int(free)) else {
                throw reader.damage(id, "the free list names page \(free), which is in use, listed twice or not there")
            }
        }
        guard reached.count == Int(reader.pageCount) - 2 else {
            throw reader.damage(
                id, "\(Int(reader.pageCount) - 2 - reached.count) pages are neither in use nor in the free list")
        }
    }

    /// The keys a page may hold: from `lower` on and before `upper`.
    private struct Bounds {
        var lower: [UInt8]?
        var upper: [UInt8]?

        func admits(_ key: UnsafeRawBufferPointer) -> Bool {
            (lower.map { lower in lower.withUnsafeBytes { $0.compare(key) <= 0 } } ?? true)
                && (upper.map { upper in upper.withUnsafeBytes { key.compare($0) < 0 } } ?? true)
        }
    }

    private mutating func descend(
        to id: UInt64, depth: Int, bounds: Bounds, _ body: (UInt64, Page.Entry) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let reader = reader
        guard depth < Self.deepest else { throw reader.damage(id, "the tree is deeper than \(Self.deepest) pages") }
        let page = try reader.page(id)
        try reach(page)
        let fault = { (detail: String) in reader.damage(id, detail) }
        switch page.header.kind {
        case .leaf:
            // The keys of a page ascend, so the bounds need only the first and the last one.
            var isFirst = true
            var last = UnsafeRawBufferPointer(start: nil, count: 0)
            try page.forEachEntry(fault: fault) { (entry) throws(DatabaseError) in
                if isFirst, !bounds.admits(entry.key) { throw fault("the first key belongs to another page") }
                isFirst = false
                last = entry.key
                try body(id, entry)
            }
            guard isFirst || bounds.admits(last) else { throw fault("the last key belongs to another page") }
            guard !isFirst || depth == 0 else { throw fault("the page is empty") }
        case .branch:
            var children: [(key: [UInt8], page: UInt64)] = []
            children.reserveCapacity(Int(page.header.count))
            try page.forEachEntry(fault: fault) { (entry) throws(DatabaseError) in
                guard bounds.admits(entry.key) else { throw fault("a key belongs to another page") }
                children.append((Array(entry.key), entry.element.child))
            }
            guard !children.isEmpty else { throw fault("the page is empty") }
            for (index, child) in children.enumerated() {
                let upper = index + 1 < children.count ? children[index + 1].key : bounds.upper
                try descend(to: child.page, depth: depth + 1, bounds: Bounds(lower: child.key, upper: upper), body)
            }
        case .freelist, nil:
            throw fault("the page should be part of a bucket but is not")
        }
    }

    private func walkInline(
        _ bytes: [UInt8], on page: UInt64, _ body: (UInt64, Page.Entry) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let reader = reader
        let fault = { (detail: String) in reader.damage(page, "in a bucket kept inside the page, " + detail) }
        try bytes.span.withUnsafeBytes { (bytes) throws(DatabaseError) in
            guard bytes.count >= PageHeader.size else { throw fault("there is no page") }
            let header = PageHeader(bytes)
            guard header.kind == .leaf, header.id == 0, header.overflow == 0 else { throw fault("the page is no leaf") }
            try Page(header: header, bytes: bytes).forEachEntry(fault: fault) { (entry) throws(DatabaseError) in
                guard entry.element.flags == 0 else { throw fault("there is another bucket") }
                try body(page, entry)
            }
        }
    }

    private mutating func reach(_ page: Page) throws(DatabaseError) {
        for number in page.header.id...(page.header.id + UInt64(page.header.overflow)) {
            guard reached.insert(Int(number)) else {
                throw reader.damage(number, "the page is reached twice, so two places claim it")
            }
        }
        steps += 1
        if steps & 0xFF == 0, Task.isCancelled {
            throw DatabaseError(.cancelled, path: reader.path, "reading was cancelled")
        }
    }
}
