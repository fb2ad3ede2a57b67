import Model
import Store
import Synchronization
import Transport

/// One client's watch: the store's changes as lines of JSON, until the client leaves, its time is up, or it falls
/// behind the history.
///
/// A task writes what there is and what is to be caught up with; then the stream leaves itself at the store as a
/// receiver, and costs neither a task nor a timer while nothing happens. A client that does not take a change in time
/// gets a task again, which waits for it.
final class WatchStream: WatchReceiver {
    /// What a client wants of its watch.
    struct Wishes: Sendable {
        /// Whether it begins with what there is, which is told as it is now and not as it was written.
        let beginsWithPresent: Bool
        /// Whether the end of what there was at the beginning is marked.
        let marksInitialEvents: Bool
        let sendsBookmarks: Bool
        let timeout: Duration?
    }

    private struct State {
        /// The revision up to which everything is written; nil while the present state is not.
        var position: Int64?
        var hasWritten = false
        /// Whether what is told now is told to others in the same words.
        var isShared: Bool
        var writer: HTTPStreamWriter?
        /// When the time is up; counted from when what there was is told, as a watch that ends before would be of no use.
        var deadline: ContinuousClock.Instant?
        var nextBookmark: ContinuousClock.Instant
    }

    /// How often a client that wants bookmarks gets one when nothing else happens; Kubernetes sends one a minute.
    private static let bookmarkInterval = Duration.seconds(60)

    private let watch: RecordWatch
    private let lines: WatchLineWriter
    private let board: WatchBoard
    private let marksInitialEvents: Bool
    private let sendsBookmarks: Bool
    private let timeout: Duration?
    private let state: Mutex<State>

    init(_ watch: RecordWatch, _ lines: WatchLineWriter, _ wishes: Wishes, board: WatchBoard) {
        self.watch = watch
        self.lines = lines
        self.board = board
        marksInitialEvents = wishes.marksInitialEvents
        sendsBookmarks = wishes.sendsBookmarks
        timeout = wishes.timeout
        state = Mutex(State(isShared: !wishes.beginsWithPresent, nextBookmark: .now + Self.bookmarkInterval))
    }

    /// The stream as the body of an answer.
    var body: HTTPServerStream {
        HTTPServerStream(
            heartbeat: [UInt8(ascii: "\n")], closed: { self.close() }, produce: { await self.catchUp($0) })
    }

    // MARK: With a task

    /// Writes what there is to write now, and leaves the stream to the store.
    private func catchUp(_ writer: HTTPStreamWriter) async -> HTTPStreamTurn {
        board.add(self)
        let position = state.withLock { state in
            state.writer = writer
            return state.position
        }
        var iterator = position.map { watch.iterator(after: $0) } ?? watch.makeAsyncIterator()
        do {
            while true {
                while let event = try await iterator.nextPresent() {
                    let line = state.withLock { state -> [UInt8] in self.line(for: event, &state) }
                    guard !line.isEmpty else { continue }
                    try await writer.write(line)
                }
                guard !Task.isCancelled else { return .finished }
                state.withLock { state in
                    state.position = iterator.position
                    state.deadline = state.deadline ?? timeout.map { .now + $0 }
                }
                switch iterator.park(self) {
                case .parked: return .idle
                case .newer: continue
                case .ended: return .finished
                }
            }
        } catch let error as StoreError {
            // The stream ends with this line; that it could not be written any more changes nothing.
            try? await writer.write(WatchLineWriter.line(APIStatus(error)))
        } catch {
            // The client is gone or the server stops: there is nobody left to tell.
        }
        return .finished
    }

    // MARK: Without one

    func receive(_ events: [WatchEvent], after former: Int64, upTo revision: Int64) {
        let behind = state.withLock { state -> Int64? in
            state.position = former
            guard let writer = state.writer else { return nil }
            // One by one: their bytes are shared with all other streams, and the queue's limit holds for each.
            for event in events {
                var next = state
                let line = line(for: event, &next)
                do throws(HTTPStreamEnded) {
                    if !line.isEmpty, try !writer.tryWrite(line) { return state.position }
                } catch {
                    // The stream is closed by the server.
                    return nil
                }
                next.position = event.revision
                state = next
            }
            state.position = revision
            return nil
        }
        guard let behind else { return }
        watch.unpark()
        fellBehind(after: behind)
    }

    func fellBehind(after revision: Int64) {
        let writer = state.withLock { state in
            state.position = revision
            return state.writer
        }
        writer?.proceed()
    }

    func watchEnded() {
        state.withLock(\.writer)?.end()
    }

    /// Ends the stream if its time is up, and has it tell how far it has come if that is due.
    func tick(at now: ContinuousClock.Instant) {
        let (ended, isDue) = state.withLock { state in
            let isOver = state.deadline.map { $0 <= now } == true
            let isDue = sendsBookmarks && state.nextBookmark <= now
            if isDue { state.nextBookmark = now + Self.bookmarkInterval }
            return (isOver ? state.writer : nil, isDue)
        }
        if isDue { watch.askBookmark() }
        ended?.end()
    }

    private func close() {
        watch.unpark()
        board.remove(self)
    }

    // MARK: Lines

    /// The line for an event; empty for what the client has not asked for.
    private func line(for event: WatchEvent, _ state: inout State) -> [UInt8] {
        switch event {
        case .added(let record): return line(.added, record, &state)
        case .modified(let record, from: _): return line(.modified, record, &state)
        case .deleted(let record): return line(.deleted, record, &state)
        case .bookmark(let revision): return sendsBookmarks ? lines.bookmark(revision) : []
        case .complete(let revision):
            state.isShared = true
            guard marksInitialEvents else { return [] }
            return lines.bookmark(revision, annotations: ["k8s.io/initial-events-end": "true"])
        }
    }

    private func line(_ type: WatchLineWriter.EventType, _ record: Record, _ state: inout State) -> [UInt8] {
        defer { state.hasWritten = true }
        return lines.line(type, record, isFirst: !state.hasWritten, isShared: state.isShared)
    }
}
