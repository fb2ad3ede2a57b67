/// A table in Markdown.
struct Table {
    private var rows: [[String]]

    /// Starts a table; the first column is text, the others are figures.
    init(_ columns: String...) {
        rows = [columns]
    }

    /// Adds a row.
    mutating func add(_ cells: String...) {
        add(cells)
    }

    /// Adds a row.
    mutating func add(_ cells: [String]) {
        rows.append(cells)
    }

    /// The table as text.
    var text: String {
        var lines = rows.map { "| " + $0.joined(separator: " | ") + " |" }
        let rule = rows[0].indices.map { $0 == 0 ? "---" : "--:" }
        lines.insert("|" + rule.joined(separator: "|") + "|", at: 1)
        return lines.joined(separator: "\n")
    }
}
