import Model
import Store
import Synchronization

/// The cells of records, kept from one list to the next.
///
/// To fill the cells a record is read as its type, which takes a hundred times as long as to tell them. Kept are those
/// of the state that is stored; a fresh status is read from memory, where it has its type already.
final class RowCells: Sendable {
    private struct Kept {
        let revision: Int64
        let row: TableRow
    }

    /// How many rows are kept; a fuller memory starts anew.
    private let capacity: Int
    private let kept = Mutex<[RecordID: Kept]>([:])

    init(capacity: Int = 65_536) {
        self.capacity = capacity
    }

    /// The cells of a record in a list.
    ///
    /// - Throws: `.corrupt` for a record that cannot be read.
    func row(of listed: ListedRecord, as kind: RegisteredKind, at moment: Timestamp) throws(StoreError) -> TableRow {
        if listed.isCommitted, let row = find(listed.id, listed.revision) { return row }
        return make(try listed.record(), kind, keeps: true, moment)
    }

    /// The cells of a record.
    func row(of record: Record, as kind: RegisteredKind, keeps: Bool, at moment: Timestamp) -> TableRow {
        if record.isCommitted, let row = find(record.id, record.revision) { return row }
        return make(record, kind, keeps: keeps, moment)
    }

    private func find(_ id: RecordID, _ revision: Int64) -> TableRow? {
        kept.withLock { kept in
            guard let found = kept[id], found.revision == revision else { return nil }
            return found.row
        }
    }

    private func make(_ record: Record, _ kind: RegisteredKind, keeps: Bool, _ moment: Timestamp) -> TableRow {
        let row = TableRow(name: record.id.name, kind.cells(of: record, at: moment))
        guard keeps, row.isLasting, record.isCommitted else { return row }
        kept.withLock { kept in
            if kept.count >= capacity { kept = [:] }
            kept[record.id] = Kept(revision: record.revision, row: row)
        }
        return row
    }
}
