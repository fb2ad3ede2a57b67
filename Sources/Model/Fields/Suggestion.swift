/// The word of a list that a person most likely meant by a mistyped one; nil if none is close.
package func closestWord(to word: String, among known: [String]) -> String? {
    // Nobody mistypes that long a word, and comparing takes time by its length.
    guard word.utf8.count <= 64 else { return nil }
    let closest = known.map { (word: $0, distance: editDistance(word.lowercased(), $0.lowercased())) }
        .min { $0.distance < $1.distance }
    guard let closest, closest.distance <= max(2, word.count / 3), closest.distance < max(word.count, 2) else {
        return nil
    }
    return closest.word
}

/// The number of letters to insert, remove or replace to turn one word into the other.
private func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let above = row[j + 1]
            row[j + 1] = a == b ? diagonal : 1 + min(diagonal, above, row[j])
            diagonal = above
        }
    }
    return row[right.count]
}
