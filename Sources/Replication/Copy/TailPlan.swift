/// Makes transactions of the destination from changes of the source: pure decisions, no requests.
///
/// Several revisions of the source become one transaction, of each key only the last write. A revision is never spread
/// over two transactions, so that the destination never shows a state that the source did not have, unless it is too
/// big for one; then all but its last transaction leave the checkpoint before it.
struct TailPlan: Sendable {
    /// A transaction to be made.
    struct Step: Sendable, Hashable {
        /// The writes, one for each key, in the order of the keys' first change.
        var writes: [Write] = []
        /// The source's revision up to which everything is applied with it.
        var revision: Int64
        /// How many changes it stands for.
        var changes = 0
        /// Whether the revision after `revision` is in it in part.
        var isPartial = false
    }

    /// What becomes of a key.
    struct Write: Sendable, Hashable {
        /// The key at the destination.
        var key: [UInt8]
        /// What it holds; nil if it is deleted.
        var value: [UInt8]?
        /// The lease of the source it has.
        var lease: Int64 = 0

        var byteCount: Int { key.count + (value?.count ?? 0) + CopyBatch.overhead }
    }

    /// Writes of which none changes the same key as another one.
    private struct Merged {
        var writes: [Write] = []
        var places: [[UInt8]: Int] = [:]
        var bytes = 0
        var changes = 0

        mutating func add(_ write: Write) {
            bytes += write.byteCount
            if let place = places[write.key] {
                bytes -= writes[place].byteCount
                writes[place] = write
            } else {
                places[write.key] = writes.count
                writes.append(write)
            }
        }
    }

    private let limits: CopyBatch.Limits
    /// Whole revisions, up to `revision`.
    private var ready = Merged()
    /// The revision that is coming in.
    private var coming = Merged()
    private var steps: [Step] = []
    /// The revision up to which everything has come in.
    private(set) var revision: Int64
    private var comingRevision: Int64

    /// Begins after a revision that is applied.
    init(after revision: Int64, limits: CopyBatch.Limits) {
        self.revision = revision
        self.limits = limits
        comingRevision = revision
    }

    /// Whether so much has come in that it should be sent before more is taken.
    var isFull: Bool { !steps.isEmpty }

    /// Takes one change, in the order of the source; `write` is nil if the key is not selected.
    ///
    /// - Returns: false if a revision is missing before this one, which etcd does not leave out.
    mutating func add(revision: Int64, _ write: @autoclosure () -> Write?) -> Bool {
        // What has been delivered before may come again after a member was changed; it is applied already.
        if revision <= self.revision { return true }
        if revision != comingRevision {
            closeRevision()
            guard revision == self.revision + 1 else { return false }
            comingRevision = revision
        }
        if let write = write() {
            coming.changes += 1
            coming.add(write)
        }
        return true
    }

    /// Notes that all changes up to a revision have come in.
    mutating func finish(upTo revision: Int64) {
        closeRevision()
        self.revision = max(self.revision, revision)
        comingRevision = self.revision
    }

    /// Takes what has come in as transactions; the last one's revision is the newest, also if it writes nothing.
    mutating func takeSteps() -> [Step] {
        closeRevision()
        var taken = steps
        steps = []
        taken.append(step(ready, revision))
        ready = Merged()
        return taken
    }

    private mutating func closeRevision() {
        guard comingRevision > revision else { return }
        defer {
            revision = comingRevision
            coming = Merged()
        }
        let shared = coming.writes.reduce(0) { $0 + (ready.places[$1.key] == nil ? 0 : 1) }
        if ready.writes.count + coming.writes.count - shared <= limits.operations,
            ready.bytes + coming.bytes <= limits.bytes || ready.writes.isEmpty && coming.writes.count == 1
        {
            for write in coming.writes { ready.add(write) }
            ready.changes += coming.changes
            return
        }
        if !ready.writes.isEmpty {
            steps.append(step(ready, revision))
            ready = Merged()
        }
        // Too big for one: its last part waits for more like any other.
        for write in coming.writes {
            if ready.writes.count == limits.operations || ready.bytes + write.byteCount > limits.bytes,
                !ready.writes.isEmpty
            {
                var part = step(ready, revision)
                part.isPartial = true
                steps.append(part)
                ready = Merged()
            }
            ready.add(write)
        }
        ready.changes += coming.changes
    }

    private func step(_ merged: Merged, _ revision: Int64) -> Step {
        Step(writes: merged.writes, revision: revision, changes: merged.changes)
    }
}
