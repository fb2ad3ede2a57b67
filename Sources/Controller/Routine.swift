import Model

/// Takes from a new status what says no more than the old one: what is then still different is news.
enum Routine {
    /// Takes back a change of a value; that it comes or goes is news.
    static func keep<Figure>(_ old: Figure?, in new: inout Figure?) {
        if old != nil, new != nil { new = old }
    }

    /// Takes back a change of the figures in a sentence.
    static func keep(wordingOf old: String, in new: inout String) {
        if new != old, isSame(old, new) { new = old }
    }

    /// Takes back changes of the figures in the sentences of conditions.
    static func keep(wordingOf old: [Condition], in new: inout [Condition]) {
        guard old.count == new.count else { return }
        for (index, before) in old.enumerated() where before.type == new[index].type {
            keep(wordingOf: before.message, in: &new[index].message)
        }
    }

    /// Whether two sentences are the same but for their numbers.
    static func isSame(_ old: String, _ new: String) -> Bool {
        func isFigure(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
        }
        return old.utf8.lazy.filter { !isFigure($0) }.elementsEqual(new.utf8.lazy.filter { !isFigure($0) })
    }
}
