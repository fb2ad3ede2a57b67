/// How far apart two cuts through a keyspace are, so that about one page of keys lies between them.
///
/// A distance between keys is a number of steps through an alphabet at one byte position: with `depth` 20 and 3
/// steps, the cut after `/registry/pods/ns-004/…` is `/registry/pods/ns-007`.
struct KeyScale: Sendable, Hashable {
    /// The byte position.
    private(set) var depth: Int
    /// The steps at that position, at least 1.
    private(set) var steps: Double
    /// The bytes that are stepped through.
    private(set) var alphabet: KeyAlphabet

    /// Makes a scale from a position, steps and the bytes found there.
    init(depth: Int, steps: Double, alphabet: KeyAlphabet) {
        self.depth = depth
        self.steps = steps
        self.alphabet = alphabet
        normalize()
    }

    /// The scale at which `wanted` keys lie between two cuts, measured where the ascending `keys` were found, which
    /// stand for `represented` keys. Nil if fewer than two different keys tell nothing.
    init?(measuring keys: [[UInt8]], representing represented: Int, wanted: Int) {
        guard let first = keys.first, let last = keys.last,
            let depth = zip(first, last).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset
                ?? (first.count < last.count ? first.count : nil)
        else { return nil }
        let alphabet = KeyAlphabet(samples: keys.compactMap { $0.count > depth ? $0[depth] : nil })
        let deeper = KeyAlphabet(samples: keys.compactMap { $0.count > depth + 1 ? $0[depth + 1] : nil })
        func position(_ key: [UInt8]) -> Double {
            guard key.count > depth else { return 0 }
            let fraction = key.count > depth + 1 ? Double(deeper.index(of: key[depth + 1])) / Double(deeper.count) : 0
            return Double(alphabet.index(of: key[depth])) + fraction
        }
        let distance = max(position(last) - position(first), 0.01)
        self.init(
            depth: depth, steps: distance * Double(wanted) / Double(max(represented, 1)), alphabet: alphabet)
    }

    /// The scale that is `factor` times as wide.
    func widened(by factor: Double) -> KeyScale {
        KeyScale(depth: depth, steps: steps * factor, alphabet: alphabet)
    }

    /// A cut, and how much of the scale's distance it lies away.
    struct Cut: Sendable, Hashable {
        /// The first key behind the cut.
        let key: [UInt8]
        /// 1 if the cut lies a full distance away, less if the alphabet ended before.
        let share: Double
    }

    /// The next cut after `position`, nil if there is none before `end`.
    func cut(after position: [UInt8], before end: [UInt8]?) -> Cut? {
        // A key that is too short for the depth stands before everything that begins with it.
        var padded = position
        while padded.count <= depth { padded.append(alphabet.bytes[0]) }
        let index = alphabet.index(of: padded[depth])
        let wholeSteps = max(Int(steps), 1)
        var key = Array(padded[..<depth])
        var share = 1.0
        if index + wholeSteps < alphabet.count {
            key.append(alphabet.bytes[index + wholeSteps])
        } else {
            share = Double(max(alphabet.count - index, 1)) / Double(wholeSteps)
            guard let carried = Self.carried(key) else { return nil }
            key = carried
        }
        if let end, !key.precedes(end) { return nil }
        return position.precedes(key) ? Cut(key: key, share: min(share, 1)) : nil
    }

    /// The first likely key after all that begin with `prefix`.
    private static func carried(_ prefix: [UInt8]) -> [UInt8]? {
        var key = prefix
        while let byte = key.popLast() {
            let alphabet = KeyAlphabet(samples: [byte])
            let next = alphabet.index(of: byte) + 1
            if next < alphabet.count { return key + [alphabet.bytes[next]] }
        }
        return nil
    }

    private mutating func normalize() {
        let size = Double(alphabet.count)
        while steps < 1, depth < 512 {
            depth += 1
            steps *= size
        }
        while steps > size, depth > 0 {
            depth -= 1
            steps /= size
        }
        steps = min(max(steps, 1), size)
    }
}
