/// What is written once for all requests: an endpoint is made for each, as each has a requester of its own.
///
/// Kept as it is stored; who may not see values gets it masked on its way out (``AnswerMask``).
struct SharedForms: Sendable {
    let cells = RowCells()
    let lines = WatchLines()
}
