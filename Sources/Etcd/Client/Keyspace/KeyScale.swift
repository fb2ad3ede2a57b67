/// How far apart two cuts through a keyspace are, so that about one page of keys lies between them.
///
/// A distance between keys is a number of steps through an alphabet at one byte position: with `depth` 20 and 3
/// steps, the cut after `/registry/pods/ns-004/…` is `/registry/pods/ns-007`. It is never less than one step, because
/// the end of a subtree is a better place to cut than a guess inside it.
struct KeyScale: Sendable, Hashable {
    /// The byte position.
    let depth: Int
    /// The steps at that position, at least 1.
    let steps: Double
    /// The bytes that are stepped through.
    let alphabet: KeyAlphabet

    /// Makes a scale.
    init(depth: Int, steps: Double, alphabet: KeyAlphabet) {
        self.depth = depth
        self.steps = max(steps, 1)
        self.alphabet = alphabet
    }

    /// The scale that is `factor` times as wide.
    func widened(by factor: Double) -> KeyScale {
        var (depth, steps) = (depth, steps * factor)
        let size = Double(max(alphabet.count, 2))
        while steps > size, depth > 0 {
            depth -= 1
            steps /= size
        }
        return KeyScale(depth: depth, steps: min(steps, size), alphabet: alphabet)
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
        // A position that is too short is the end of a subtree where the depth means nothing: look at the next one.
        let isShort = position.count < depth
        let depth = isShort ? position.count - 1 : depth
        let alphabet = isShort ? KeyAlphabet(samples: [position[depth]]) : alphabet
        let index = position.count > depth ? alphabet.index(of: position[depth]) : 0
        let wholeSteps = isShort ? 1 : Int(steps)
        var key = Array(position[..<depth])
        var share = 1.0
        if index + wholeSteps < alphabet.count {
            key.append(alphabet.bytes[index + wholeSteps])
        } else {
            share = min(Double(max(alphabet.count - index, 1)) / Double(wholeSteps), 1)
            guard let carried = Self.carried(key) else { return nil }
            key = carried
        }
        if let end, !key.precedes(end) { return nil }
        return position.precedes(key) ? Cut(key: key, share: share) : nil
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
}
