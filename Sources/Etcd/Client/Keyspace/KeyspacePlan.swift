/// The order in which the pages of a keyspace are read: pure decisions, no requests.
///
/// etcd needs time for every key of a range that it is asked about, also for those beyond the limit, and holds up
/// writers meanwhile. So every request should end near where its page ends, and that without knowing the keys. The
/// first request shows some keys; from how far apart they are, the next cuts are guessed. A guess that holds too many
/// keys is finished by further requests with narrower cuts, one that holds few makes the next cuts wider. Wherever the
/// cuts fall, the ranges between them cover every key exactly once.
///
/// Pieces stand in key order: delivered ones are gone, then come those under way or here, and the rest still uncut.
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

    /// How an uncut piece is to be cut.
    private struct Cutting {
        /// Which piece it is, for the ranges that were cut from it.
        let group: Int
        /// How far cuts are apart; nil means that it is not cut any more.
        var scale: KeyScale?
        /// How many keys are in it and in what was cut from it and is under way; nil if nobody knows.
        var keys: Int?
        /// Counts the changes, so that several answers to one guess change it once.
        var generation = 0
        /// How many ranges cut before it held nothing; while it is not zero, cuts are made one at a time.
        var emptyRanges = 0
    }

    private enum State {
        case uncut(Cutting)
        case underWay(id: Int, Cutting, share: Double)
        case here(id: Int)
    }

    private struct Piece {
        var start: [UInt8]
        var end: [UInt8]?
        var state: State
    }

    private let options: KeyspaceReader.Options
    private var pieces: [Piece]
    /// What was found just before a piece that is not here yet, by where the piece starts.
    private var trails: [[UInt8]: KeyTrail] = [:]
    /// How many keys should lie between two cuts.
    private var limit: Int
    private var nextID = 0
    private var nextGroup = 1
    private var occupied = 0

    init(range: KeyRange, options: KeyspaceReader.Options) {
        self.options = options
        limit = min(options.firstPageKeys, options.maximumPageKeys)
        guard !range.isEmpty else {
            pieces = []
            return
        }
        pieces = [Piece(start: range.start, end: range.upperBound, state: .uncut(Cutting(group: 0, scale: nil)))]
    }

    /// Whether everything has been delivered.
    var isFinished: Bool { pieces.isEmpty }

    /// The next request to make now, nil if enough is under way or waiting for delivery.
    mutating func nextFetch() -> Fetch? {
        guard let (index, cutting) = nextUncut(),
            // The first piece may always be read, or the pieces that wait behind it would wait for ever.
            occupied < options.pagesInFlight || index == 0
        else { return nil }
        nextID += 1
        occupied += 1
        let piece = pieces[index]
        let cut = cutting.scale?.cut(after: piece.start, before: piece.end)
        let state = State.underWay(id: nextID, cutting, share: cut?.share ?? 0)
        if let cut {
            pieces[index].start = cut.key
            pieces.insert(Piece(start: piece.start, end: cut.key, state: state), at: index)
        } else {
            pieces[index].state = state
        }
        return Fetch(id: nextID, range: Self.range(from: piece.start, to: cut?.key ?? piece.end), limit: ceiling)
    }

    /// Takes note of an answer.
    mutating func complete(_ id: Int, _ page: Page) {
        guard let index = pieces.firstIndex(where: { if case .underWay(id, _, _) = $0.state { true } else { false } }),
            case .underWay(_, let cutting, let share) = pieces[index].state
        else { preconditionFailure("An answer belongs to a request that is under way.") }
        pieces[index].state = .here(id: id)
        adaptLimit(to: page)
        var trail = trails.removeValue(forKey: pieces[index].start) ?? KeyTrail()
        trail.append(page)

        let rest = Int(page.count) - page.keyCount
        if rest > 0, let last = page.sample.last {
            let remainder = last + [0]
            let end = pieces[index].end
            let scale = rest <= ceiling ? nil : measure(trail, from: remainder, to: end)
            let state = State.uncut(Cutting(group: nextGroup, scale: scale, keys: rest))
            nextGroup += 1
            pieces[index].end = remainder
            pieces.insert(Piece(start: remainder, end: end, state: state), at: index + 1)
        }
        learn(from: page, trail, cutting, share)
        if pieces.indices.contains(index + 1), pieces[index + 1].start == pieces[index].end, !isHere(index + 1) {
            trails[pieces[index + 1].start] = trail
        }
    }

    /// The next answer to deliver, nil if it is not here yet.
    mutating func nextDelivery() -> Int? {
        guard case .here(let id) = pieces.first?.state else { return nil }
        pieces.removeFirst()
        occupied -= 1
        return id
    }

    /// How many keys a request asks for: somewhat more than should lie between two cuts, so that a cut that was guessed
    /// a little too far needs no second request.
    private var ceiling: Int { limit + limit / 2 }

    /// How many keys between two cuts are too many to leave the cuts where they are.
    private var most: Int { limit * 3 }

    private func isHere(_ index: Int) -> Bool {
        if case .here = pieces[index].state { true } else { false }
    }

    private func nextUncut() -> (index: Int, cutting: Cutting)? {
        for index in pieces.indices {
            guard case .uncut(let cutting) = pieces[index].state else { continue }
            // Where the last range held nothing, see first what the next one holds.
            if cutting.emptyRanges > 0, index > 0, case .underWay = pieces[index - 1].state { continue }
            return (index, cutting)
        }
        return nil
    }

    private func measure(_ trail: KeyTrail, from start: [UInt8], to end: [UInt8]?) -> KeyScale? {
        trail.scale(wanted: limit, most: most) { $0.cut(after: start, before: end) != nil }
    }

    /// Changes how the piece is cut on that this answer was cut from.
    private mutating func learn(from page: Page, _ trail: KeyTrail, _ cutting: Cutting, _ share: Double) {
        for index in pieces.indices {
            guard case .uncut(var rest) = pieces[index].state, rest.group == cutting.group else { continue }
            rest.keys = rest.keys.map { $0 - Int(page.count) }
            if rest.keys == 0 {
                // What was cut from it held all its keys: the rest holds none.
                pieces.remove(at: index)
                return
            }
            // Several answers to one guess change it once.
            if let scale = rest.scale, rest.generation == cutting.generation {
                rest.generation += 1
                rest.emptyRanges = page.count == 0 ? rest.emptyRanges + 1 : 0
                if page.count == 0 {
                    rest.scale = widened(scale, rest, from: pieces[index].start)
                } else if Int(page.count) > most {
                    rest.scale = measure(trail, from: pieces[index].start, to: pieces[index].end) ?? scale
                } else if Int(page.count) < limit / 2, share > 0 {
                    rest.scale = scale.widened(by: min(Double(limit) * share / Double(page.count), 8))
                }
            }
            if let keys = rest.keys, keys <= ceiling { rest.scale = nil }
            pieces[index].state = .uncut(rest)
            return
        }
    }

    /// How to look for the next keys after a range that held none.
    ///
    /// With few keys to come, wider and wider. With many, carefully, level by level: one subtree beside the last cut,
    /// then eight, then the next level up. Looking too far would make the member count most of them, again and again.
    private func widened(_ scale: KeyScale, _ rest: Cutting, from start: [UInt8]) -> KeyScale {
        guard let keys = rest.keys, keys > limit * 8 else {
            return scale.widened(by: Double(1 << (3 * min(rest.emptyRanges, 10))))
        }
        let depth = start.count - 1
        let steps = scale.depth == depth ? scale.steps * 8 : 1
        return KeyScale(depth: depth, steps: steps, alphabet: KeyAlphabet(samples: [start[depth]]))
    }

    /// Keeps pages near the wanted size in bytes.
    ///
    /// Values may be a thousand times bigger further on, so the limit at
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
