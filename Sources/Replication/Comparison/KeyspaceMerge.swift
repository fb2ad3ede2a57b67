internal import Etcd
import Glibc

/// Goes through the keys of a source and of a destination side by side, in constant memory.
///
/// Both sides come as pages in key order. A part of a selection only exchanges what keys begin with, so both have the
/// same order once that is left out.
struct KeyspaceMerge {
    /// The two sides of one key, of which one may be missing.
    struct Pair {
        /// The key at the source.
        let source: KeyValueView?
        /// The key at the destination.
        let target: KeyValueView?
    }

    /// One side: its current page and how far it has been gone through.
    private struct Side {
        let pages: KeyspacePages
        /// How many bytes of a key are left out.
        let dropped: Int
        var page: RangePage?
        var index = 0
        var hasEnded = false

        /// Gets the next page if the current one is used up; returns it if it is new.
        mutating func refill() async throws -> RangePage? {
            guard !hasEnded, page.map({ index >= $0.keyCount }) ?? true else { return nil }
            index = 0
            page = try await pages.next()
            hasEnded = page == nil
            return page
        }
    }

    private var source: Side
    private var target: Side

    /// Merges the pages of both sides, for one part of a selection.
    init(source: KeyspacePages, target: KeyspacePages, _ item: KeySelection.Item) {
        self.source = Side(pages: source, dropped: item.prefix.count)
        self.target = Side(pages: target, dropped: item.target.count)
    }

    /// Gets what comes next.
    ///
    /// - Parameter arrived: is handed every new page of the source before its keys are visited.
    /// - Returns: false at the end.
    /// - Throws: what reading failed with, or what `arrived` throws.
    mutating func advance(_ arrived: (RangePage) async throws -> Void) async throws -> Bool {
        if let page = try await source.refill() { try await arrived(page) }
        _ = try await target.refill()
        return !(source.hasEnded && target.hasEnded)
    }

    /// Visits keys until one of the pages is used up.
    mutating func visit(_ body: (Pair) -> Void) {
        Self.with(source.page) { left in
            Self.with(target.page) { right in
                var (i, j) = (source.index, target.index)
                defer { (source.index, target.index) = (i, j) }
                while i < left.count || j < right.count {
                    // Before a side without keys here but with more to come, nobody knows what comes first.
                    if i == left.count, !source.hasEnded { return }
                    if j == right.count, !target.hasEnded { return }
                    let order =
                        i == left.count
                        ? 1
                        : j == right.count
                            ? -1 : Self.order(left[i].key, source.dropped, right[j].key, target.dropped)
                    body(Pair(source: order <= 0 ? left[i] : nil, target: order >= 0 ? right[j] : nil))
                    if order <= 0 { i += 1 }
                    if order >= 0 { j += 1 }
                }
            }
        }
    }

    private static func with(_ page: RangePage?, _ body: ([KeyValueView]) -> Void) {
        guard let page else { return body([]) }
        page.withKeyValues(body)
    }

    private static func order(
        _ left: UnsafeRawBufferPointer, _ leftDropped: Int, _ right: UnsafeRawBufferPointer, _ rightDropped: Int
    ) -> Int {
        let (a, b) = (left.dropFirst(leftDropped), right.dropFirst(rightDropped))
        let common = min(a.count, b.count)
        if common > 0, let first = UnsafeRawBufferPointer(rebasing: a).baseAddress,
            let second = UnsafeRawBufferPointer(rebasing: b).baseAddress
        {
            let order = Int(memcmp(first, second, common))
            if order != 0 { return order }
        }
        return a.count - b.count
    }
}

extension UnsafeRawBufferPointer {
    /// Whether both hold the same bytes.
    func isSame(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard count > 0, let first = baseAddress, let second = other.baseAddress else { return true }
        return memcmp(first, second, count) == 0
    }
}
