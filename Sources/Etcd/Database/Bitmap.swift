/// A growing set of small numbers, one bit each.
struct Bitmap {
    private var words: [UInt64] = []
    /// How many numbers are in the set.
    private(set) var count = 0

    /// Adds a number; false if it was there already.
    @discardableResult
    mutating func insert(_ number: Int) -> Bool {
        let word = number >> 6
        if word >= words.count {
            words.append(contentsOf: repeatElement(0, count: max(word + 1 - words.count, words.count)))
        }
        let bit: UInt64 = 1 << (number & 63)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        count += 1
        return true
    }

    /// Takes a number out; nothing happens if it is not there.
    mutating func remove(_ number: Int) {
        guard contains(number) else { return }
        words[number >> 6] &= ~(1 << (number & 63))
        count -= 1
    }

    func contains(_ number: Int) -> Bool {
        let word = number >> 6
        return word < words.count && words[word] & (1 << (number & 63)) != 0
    }
}
