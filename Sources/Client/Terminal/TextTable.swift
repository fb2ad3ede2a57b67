/// Rows of text in columns, as wide as they need to be.
public struct TextTable: Sendable {
    /// A cell: its text, and how it is emphasised.
    public struct Cell: Sendable, ExpressibleByStringLiteral {
        let text: String
        let style: Paint.Style?

        /// Creates a cell.
        public init(_ text: String, _ style: Paint.Style? = nil) {
            // As kubectl has it: one line for one row.
            self.text =
                text.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init)?.printable ?? ""
            self.style = style
        }

        /// Creates a plain cell.
        public init(stringLiteral value: String) { self.init(value) }
    }

    private let headings: [String]
    private let rightAligned: Set<Int>
    private var rows: [[Cell]] = []

    /// Creates a table; the columns of numbers are those named in `rightAligned`.
    public init(_ headings: [String], rightAligned: Set<Int> = []) {
        self.headings = headings
        self.rightAligned = rightAligned
    }

    /// Adds a row.
    public mutating func add(_ row: [Cell]) {
        rows.append(row)
    }

    /// The width of every column.
    public var widths: [Int] {
        headings.indices.map { column in
            let cells = rows.lazy.compactMap { $0.indices.contains(column) ? $0[column].text.displayWidth : nil }
            return max(headings[column].displayWidth, cells.max() ?? 0)
        }
    }

    /// The lines, headings first; `widths` makes columns at least that wide.
    public func lines(_ paint: Paint, widths minimum: [Int] = [], headings showsHeadings: Bool = true) -> [String] {
        let widths = zip(self.widths, minimum + Array(repeating: 0, count: headings.count)).map { max($0, $1) }
        let head = showsHeadings ? [line(headings.map { Cell($0, .dim) }, widths, paint)] : []
        return head + rows.map { line($0, widths, paint) }
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ paint: Paint) -> String {
        var text = ""
        for (column, cell) in cells.enumerated() where column < widths.count {
            let padding = String(repeating: " ", count: max(0, widths[column] - cell.text.displayWidth))
            let painted = cell.style.map { paint($0, cell.text) } ?? cell.text
            if rightAligned.contains(column) {
                text += padding + painted
            } else {
                text += column == cells.count - 1 ? painted : painted + padding
            }
            if column < cells.count - 1 { text += "   " }
        }
        while text.last == " " { text.removeLast() }
        return text
    }
}
