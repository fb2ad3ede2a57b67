/// The order in which the pages of a keyspace are read: pure decisions, no requests.
///
/// etcd needs time for every key of a range that it is asked about, also for those beyond the limit, and holds up
/// writers meanwhile. So every request should end near where its page ends, and that without knowing the keys. The
/// first request shows some keys; from how far apart they are, the next cuts are guessed. A guess that holds too many
/// keys is finished by further requests with narrower cuts, one that holds few makes the next cuts wider. Wherever the
/// cuts fall, the ranges between them cover every key exactly once.
///
/// Pieces stand in key order: delivered ones are gone, then come those under way or here and the rest still uncut.
struct KeyspacePlan {
    /// A request to be made.
    struct Fetch: Sendable, Hashable {
        let id: Int
        let range: KeyRange
        let limit: Int
    }

    /// What an answer shows.
    struct Page: Sendable {
        /// How many keys came.
        let keyCount: Int
        /// How many keys the range holds.
        let count: Int64
        /// The size of the answer in bytes.
        let byteCount: Int
        /// Some of the keys in order; the last key of the page is the last of them.
        let sample: [[UInt8]]
    }

    private enum State {
        case uncut(KeyScale?)
        case underWay(id: Int, scale: KeyScale?, share: Double, generation: Int)
        case here(id: Int)
    }

    private struct Piece {
        var start: [UInt8]
        var end: [UInt8]?
        var state: State
        /// Counts the changes of the scale, so that several answers to one guess change it once.
        var generation = 0

        func isUnderWay(_ id: Int) -> Bool {
            if case .underWay(id, _, _, _) = state { true } else { false }
        }
    }

    private let options: KeyspaceReader.Options
    private var pieces: [Piece]
    private var limit: Int
    private var nextID = 0
    private var occupied = 0

    init(range: KeyRange, options: KeyspaceReader.Options) {
        self.options = options
        limit = min(options.firstPageKeys, options.maximumPageKeys)
        pieces = range.isEmpty ? [] : [Piece(start: range.start, end: range.upperBound, state: .uncut(nil))]
    }

    /// Whether everything has been delivered.
    var isFinished: Bool { pieces.isEmpty }

    /// The next request to make now, nil if enough is under way or waiting for delivery.
    mutating func nextFetch() -> Fetch? {
        guard let index = pieces.firstIndex(where: { if case .uncut = $0.state { true } else { false } }),
            case .uncut(let scale) = pieces[index].state,
            // The first piece may always be read, or the pieces that wait behind it would wait for ever.
            occupied < options.pagesInFlight || index == 0
        else { return nil }
        nextID += 1
        occupied += 1
        let piece = pieces[index]
        let cut = scale?.cut(after: piece.start, before: piece.end)
        let state = State.underWay(id: nextID, scale: scale, share: cut?.share ?? 0, generation: piece.generation)
        if let cut {
            pieces[index].start = cut.key
            pieces.insert(Piece(start: piece.start, end: cut.key, state: state), at: index)
        } else {
            pieces[index].state = state
        }
        return Fetch(id: nextID, range: Self.range(from: piece.start, to: cut?.key ?? piece.end), limit: limit)
    }

    /// Takes note of an answer.
    mutating func complete(_ id: Int, _ page: Page) {
        guard let index = pieces.firstIndex(where: { $0.isUnderWay(id) }),
            case .underWay(_, let scale, let share, let generation) = pieces[index].state
        else { preconditionFailure("An answer belongs to a request that is under way.") }
        pieces[index].state = .here(id: id)
        adaptLimit(to: page)
        let rest = Int(page.count) - page.keyCount
        let measured = KeyScale(
            measuring: Array(page.sample.suffix(page.sample.count / 2 + 1)), representing: page.keyCount / 2,
            wanted: wanted)
        var next = scale
        if rest > 0, let last = page.sample.last {
            let remainder = Piece(
                start: last + [0], end: pieces[index].end, state: .uncut(rest <= self.limit ? nil : measured))
            pieces[index].end = remainder.start
            pieces.insert(remainder, at: index + 1)
            next = measured
        } else if share > 0, let scale {
            // Of an empty range nothing is known but that it is empty: look eight times as far.
            let held = Double(page.count) / share
            let factor = held == 0 ? 8 : min(max(Double(wanted) / held, 0.25), 8)
            next = scale.widened(by: factor)
        }
        adopt(next, after: index + (rest > 0 ? 1 : 0), cutAt: generation)
    }

    /// The next answer to deliver, nil if it is not here yet.
    mutating func nextDelivery() -> Int? {
        let candidates = options.order == .byKey ? pieces.prefix(1) : pieces[...]
        guard let index = candidates.firstIndex(where: { if case .here = $0.state { true } else { false } }),
            case .here(let id) = pieces[index].state
        else { return nil }
        pieces.remove(at: index)
        occupied -= 1
        return id
    }

    /// How many keys should lie between two cuts: somewhat less than a page, so that few cuts need a second request.
    private var wanted: Int { max(limit * 3 / 4, 1) }

    /// Gives the next uncut piece the scale that was learned, unless another answer has changed it since the cut.
    private mutating func adopt(_ scale: KeyScale?, after index: Int, cutAt generation: Int) {
        guard let scale else { return }
        for later in pieces.indices.dropFirst(index + 1) {
            guard case .uncut(.some) = pieces[later].state else { continue }
            guard pieces[later].generation == generation else { return }
            pieces[later].state = .uncut(scale)
            pieces[later].generation += 1
            return
        }
    }

    /// Keeps pages near the wanted size in bytes. Values may be a thousand times bigger further on, so the limit at
    /// most doubles from page to page, and falls at once.
    private mutating func adaptLimit(to page: Page) {
        guard page.keyCount > 0 else { return }
        let fitting = options.pageBytes / max(page.byteCount / page.keyCount, 1)
        limit = min(max(fitting, 1), options.maximumPageKeys, limit * 2)
    }

    private static func range(from start: [UInt8], to end: [UInt8]?) -> KeyRange {
        end.map { .range(start, before: $0) } ?? .from(start)
    }
}
