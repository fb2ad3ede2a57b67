/// The difference of two texts, line by line, as `diff -u` shows it.
enum LineDifference {
    /// A line of a difference.
    enum Line: Equatable {
        /// Where in both texts the following lines are.
        case place(String)
        case same(String)
        case removed(String)
        case added(String)

        /// The line as it is shown.
        var text: String {
            switch self {
            case .place(let text): text
            case .same(let text): " \(text)"
            case .removed(let text): "-\(text)"
            case .added(let text): "+\(text)"
            }
        }

        /// The line in colour.
        func painted(_ paint: Paint) -> String {
            switch self {
            case .place: paint(.dim, text)
            case .same: text
            case .removed: paint(.red, text)
            case .added: paint(.green, text)
            }
        }
    }

    /// The changed lines with a few around them; none if there is no difference.
    static func unified(_ old: [String], _ new: [String], around context: Int = 3) -> [Line] {
        let lines = all(old, new)
        let changed = lines.indices.filter { if case .same = lines[$0] { false } else { true } }
        guard !changed.isEmpty else { return [] }
        var shown: [Range<Int>] = []
        for index in changed {
            let range = max(0, index - context)..<min(lines.count, index + context + 1)
            if let last = shown.last, last.upperBound >= range.lowerBound {
                shown[shown.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                shown.append(range)
            }
        }
        return shown.flatMap { range in [place(range, lines)] + lines[range] }
    }

    private static func place(_ range: Range<Int>, _ lines: [Line]) -> Line {
        func count(_ lines: ArraySlice<Line>, old: Bool) -> Int {
            lines.count { line in
                switch line {
                case .same: true
                case .removed: old
                case .added: !old
                case .place: false
                }
            }
        }
        func side(old: Bool) -> String {
            let (before, here) = (count(lines[..<range.lowerBound], old: old), count(lines[range], old: old))
            return "\(here == 0 ? before : before + 1),\(here)"
        }
        return .place("@@ -\(side(old: true)) +\(side(old: false)) @@")
    }

    /// Every line of both, by the longest common subsequence; records are short enough for the whole table.
    private static func all(_ old: [String], _ new: [String]) -> [Line] {
        let difference = new.difference(from: old)
        var removals: Set<Int> = []
        var insertions: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removals.insert(offset)
            case .insert(let offset, _, _): insertions.insert(offset)
            }
        }
        var lines: [Line] = []
        var (oldIndex, newIndex) = (0, 0)
        while oldIndex < old.count || newIndex < new.count {
            if oldIndex < old.count, removals.contains(oldIndex) {
                lines.append(.removed(old[oldIndex]))
                oldIndex += 1
            } else if newIndex < new.count, insertions.contains(newIndex) {
                lines.append(.added(new[newIndex]))
                newIndex += 1
            } else {
                lines.append(.same(old[oldIndex]))
                oldIndex += 1
                newIndex += 1
            }
        }
        return lines
    }
}
