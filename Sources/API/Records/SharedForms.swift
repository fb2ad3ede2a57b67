import Model
import Synchronization

/// What is written once for all requests: an endpoint is made for each, as each has a requester of its own.
///
/// Kept as it is stored; who may not see values gets it masked on its way out (``AnswerMask``).
final class SharedForms: Sendable {
    private struct Form: Hashable {
        let kind: Kind
        let form: RecordForm
    }

    let cells = RowCells()
    let lines = WatchLines()
    private let writers = Mutex<[Form: WatchLineWriter]>([:])

    /// The writer of lines for all watches of a kind in a form.
    func lineWriter(
        _ kind: RegisteredKind, _ form: RecordForm, now: @escaping @Sendable () -> Timestamp
    ) -> WatchLineWriter {
        writers.withLock { writers in
            let key = Form(kind: kind.kind, form: form)
            if let known = writers[key] { return known }
            let writer = WatchLineWriter(kind, form: form, cells: cells, lines: lines, now: now)
            writers[key] = writer
            return writer
        }
    }
}
