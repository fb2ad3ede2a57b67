/// Keys that were found one after the other lately, and how many lie between them.
struct KeyTrail: Sendable {
    private struct Mark: Sendable {
        let key: [UInt8]
        /// How many keys of the trail come before or are this one.
        let count: Int
    }

    /// Some three pages long: enough to see what is one level above a page.
    private static let capacity = 128
    private var marks: [Mark] = []

    /// Adds what an adjoining page shows.
    mutating func append(_ page: KeyspacePlan.Page) {
        let before = marks.last?.count ?? 0
        for (index, key) in page.sample.enumerated() {
            marks.append(Mark(key: key, count: before + page.keyCount * (index + 1) / page.sample.count))
        }
        marks.removeFirst(max(marks.count - Self.capacity, 0))
    }

    /// The widest scale that the trail speaks for, nil if the trail is too short to say.
    ///
    /// It has about `wanted` keys from cut to cut, lies at a position where one step holds at most `most`, and
    /// `isUsable`.
    func scale(wanted: Int, most: Int, where isUsable: (KeyScale) -> Bool) -> KeyScale? {
        var narrowest: KeyScale?
        var size = marks.count
        guard let last = marks.last?.key, let total = marks.last?.count else { return nil }
        while size >= 2 {
            let window = marks.suffix(size)
            size /= 2
            guard let (depth, distance, alphabet) = Self.distance(window) else { continue }
            let keys = Double((window.last?.count ?? 0) - (window.first?.count ?? 0))
            let perStep = max(keys / distance, 1)
            // Where the step that the trail ends in has more keys already, it is denser than those before.
            let current = window.first { $0.key.starts(with: last.prefix(depth + 1)) }?.count ?? total
            if Double(total - current) > perStep * 1.5 { continue }
            let scale = KeyScale(depth: depth, steps: Double(wanted) / perStep, alphabet: alphabet)
            guard isUsable(scale) else { continue }
            if perStep <= Double(most) { return scale }
            narrowest = scale
        }
        return narrowest
    }

    /// Where the first and the last key differ first, and by how many steps.
    private static func distance(_ window: ArraySlice<Mark>) -> (depth: Int, steps: Double, alphabet: KeyAlphabet)? {
        guard let first = window.first?.key, let last = window.last?.key, first != last else { return nil }
        var depth = 0
        while depth < first.count, depth < last.count, first[depth] == last[depth] { depth += 1 }
        let alphabet = KeyAlphabet(samples: window.compactMap { $0.key.count > depth ? $0.key[depth] : nil })
        let next = KeyAlphabet(samples: window.compactMap { $0.key.count > depth + 1 ? $0.key[depth + 1] : nil })
        func position(_ key: [UInt8]) -> Double {
            guard key.count > depth else { return 0 }
            let part = key.count > depth + 1 ? Double(next.index(of: key[depth + 1])) / Double(next.count) : 0
            return Double(alphabet.index(of: key[depth])) + part
        }
        return (depth, max(position(last) - position(first), 0.01), alphabet)
    }
}
