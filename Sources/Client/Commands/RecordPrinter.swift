import Manifests
import Model

/// Prints records in one of the formats, once or as they change.
struct RecordPrinter {
    let console: Console
    let client: APIClient
    let format: OutputFormat
    let showsNamespace: Bool
    /// Whether documents show who owns which field, which is long and for few.
    var showsManagedFields = false

    /// Prints a table for each kind; the records named of one kind share theirs.
    ///
    /// - Returns: the last of the tables, from whose revision to follow on.
    func printTables(_ queries: [RecordQuery]) async throws -> RecordTable {
        var table = RecordTable(of: queries[0].kind)
        var printed = 0
        for (index, group) in Self.byKind(queries).enumerated() {
            table = RecordTable(of: group[0].kind)
            for query in group {
                if query.name == nil {
                    table = try await client.table(query)
                } else {
                    try table.append(try await client.get(query, as: .table))
                }
            }
            guard !table.rows.isEmpty else { continue }
            if index > 0, printed > 0 { try console.print() }
            printed += table.rows.count
            for line in lines(of: table) { try console.print(line) }
        }
        if printed == 0 { try console.note(Self.nothing(queries)) }
        return table
    }

    /// Prints the records as one document, or their names.
    ///
    /// - Returns: the revision shown, from which to follow on.
    func printDocuments(_ queries: [RecordQuery]) async throws -> String {
        var records: [Value] = []
        var revision = ""
        for query in queries {
            if query.name == nil {
                let list = try await client.list(query)
                let head: Value.Members = [
                    "apiVersion": .string(query.kind.apiVersion), "kind": .string(query.kind.name),
                ]
                // The items of a list need not say what they are; on their own they must.
                records += list.items.map { $0["kind"] == nil ? Value.object(head).merging(patch: $0) : $0 }
                revision = list.resourceVersion
            } else {
                records.append(try await client.get(query))
                revision = records.last?[path: "metadata", "resourceVersion"]?.string ?? ""
            }
        }
        if format == .name {
            for record in records { try console.print(record.reference) }
        } else if queries.count == 1, queries[0].name != nil {
            try console.write(format.text(of: shown(records[0])))
        } else {
            try console.write(format.text(of: .list(of: records.map(shown))))
        }
        return revision
    }

    /// Goes on to print the row of every record that changes, under the columns of a table printed before.
    func followRows(_ query: RecordQuery, after shown: RecordTable) async throws {
        var table = shown
        var widths = text(of: table).widths
        let follower = RecordFollower(client: client, query: query, form: .table)
        try await follower.follow(from: shown.resourceVersion) { event in
            table.removeRows()
            try table.append(event.object)
            let text = text(of: table)
            widths = zip(text.widths, widths).map { max($0, $1) }
            for line in text.lines(console.paint, widths: widths, headings: false) { try console.print(line) }
            return false
        }
    }

    /// Goes on to print every record that changes.
    func followDocuments(_ query: RecordQuery, from revision: String) async throws {
        try await RecordFollower(client: client, query: query).follow(from: revision) { event in
            if format == .name {
                try console.print(event.object.reference)
            } else {
                if format == .yaml { try console.print("---") }
                try console.write(format.text(of: shown(event.object)))
            }
            return false
        }
    }

    /// A record as it is shown.
    private func shown(_ record: Value) -> Value {
        guard !showsManagedFields, record[path: "metadata", "managedFields"] != nil else { return record }
        var record = record
        record["metadata"]?["managedFields"] = nil
        return record
    }

    private func text(of table: RecordTable) -> TextTable {
        table.text(isWide: format == .wide, showsNamespace: showsNamespace)
    }

    private func lines(of table: RecordTable) -> [String] {
        text(of: table).lines(console.paint)
    }

    private static func byKind(_ queries: [RecordQuery]) -> [[RecordQuery]] {
        var groups: [[RecordQuery]] = []
        for query in queries {
            if let last = groups.indices.last, groups[last].first?.kind == query.kind {
                groups[last].append(query)
            } else {
                groups.append([query])
            }
        }
        return groups
    }

    private static func nothing(_ queries: [RecordQuery]) -> String {
        let kinds = queries.map(\.kind.plural).joined(separator: ", ")
        let place = queries.compactMap(\.namespace).first.map { " in namespace \($0)" } ?? ""
        return "no \(kinds)\(place)"
    }
}
