import Model

/// A table as a Kubernetes-style server makes it (meta.k8s.io/v1 `Table`).
struct RecordTable: Sendable {
    /// A column.
    struct Column: Sendable {
        let name: String
        let isNumber: Bool
        let isWide: Bool
    }

    /// A record's cells with its namespace.
    struct Row: Sendable {
        let namespace: String
        let name: String
        let cells: [Value]
    }

    /// The kind of the records, which says how their words are coloured.
    let kind: Kind
    private(set) var columns: [Column] = []
    private(set) var rows: [Row] = []
    private(set) var resourceVersion = ""

    init(of kind: Kind) {
        self.kind = kind
    }

    /// Adds the rows of a page; the first page brings the columns.
    mutating func append(_ page: Value) throws {
        guard page["kind"] == "Table" else {
            throw APIError.unintelligible("the server sent no table; is it a Lodestone controller?")
        }
        if columns.isEmpty {
            columns = (page["columnDefinitions"]?.array ?? []).map { column in
                Column(
                    name: column["name"]?.string ?? "",
                    isNumber: ["integer", "number"].contains(column["type"]?.string ?? ""),
                    isWide: (column["priority"]?.integer ?? 0) > 0)
            }
        }
        resourceVersion = page[path: "metadata", "resourceVersion"]?.string ?? resourceVersion
        for row in page["rows"]?.array ?? [] {
            let metadata = row[path: "object", "metadata"]
            rows.append(
                Row(
                    namespace: metadata?["namespace"]?.string ?? "", name: metadata?["name"]?.string ?? "",
                    cells: row["cells"]?.array ?? []))
        }
    }

    /// Forgets the rows, keeping the columns: for a watch, which sends one row at a time.
    mutating func removeRows() {
        rows = []
    }

    /// The table as text, with the columns of wide tables and the namespace where they are wanted.
    func text(isWide: Bool, showsNamespace: Bool) -> TextTable {
        let shown = columns.indices.filter { isWide || !columns[$0].isWide }
        let offset = showsNamespace ? 1 : 0
        let numbers = shown.indices.filter { columns[shown[$0]].isNumber }.map { $0 + offset }
        var table = TextTable(
            (showsNamespace ? ["NAMESPACE"] : []) + shown.map { columns[$0].name.uppercased() },
            rightAligned: Set(numbers))
        for row in rows {
            let cells = shown.map { column -> TextTable.Cell in
                let text = row.cells.indices.contains(column) ? Self.text(row.cells[column]) : ""
                return TextTable.Cell(text, CellStyle.style(of: text, column: columns[column].name, kind: kind))
            }
            table.add((showsNamespace ? [TextTable.Cell(row.namespace)] : []) + cells)
        }
        return table
    }

    private static func text(_ cell: Value) -> String {
        switch cell {
        case .null: "-"
        case .string(let text): text.isEmpty ? "-" : text
        default: cell.json
        }
    }
}
