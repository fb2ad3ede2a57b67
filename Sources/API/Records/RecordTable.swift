import Model
import Store

/// Records as a table (`meta.k8s.io/v1 Table`), as `kubectl get` shows them, written straight as JSON.
struct RecordTable: Sendable {
    let kind: RegisteredKind
    let inclusion: RecordForm.Inclusion
    let cells: RowCells

    /// Lists below this length are written by one task.
    private static let stretch = 1_000

    /// The table of a list.
    ///
    /// - Parameters:
    ///   - records: The records, a row for each.
    ///   - metadata: The metadata of the list.
    ///   - moment: The present, for ages.
    /// - Returns: The table as JSON.
    /// - Throws: `.corrupt` for a record that cannot be read.
    func json(
        of records: [ListedRecord], metadata: Value, at moment: Timestamp
    ) async throws(StoreError) -> [UInt8] {
        let parts = try await rows(of: records, at: moment)
        var bytes = head(metadata: metadata, hasColumns: true)
        bytes.reserveCapacity(bytes.count + parts.reduce(8) { $0 + $1.count + 1 })
        for (index, part) in parts.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += part
        }
        bytes += "]}".utf8
        return bytes
    }

    /// The table of one record, as a watch tells it.
    ///
    /// - Parameters:
    ///   - record: The record.
    ///   - hasColumns: Whether to describe the columns; a watch does so once.
    ///   - keepsCells: Whether the cells will be asked for again.
    ///   - moment: The present, for ages.
    /// - Returns: The table as JSON.
    func json(of record: Record, hasColumns: Bool, keepsCells: Bool = true, at moment: Timestamp) -> [UInt8] {
        var bytes = head(
            metadata: ["resourceVersion": .string(String(record.revision))], hasColumns: hasColumns)
        append(ListedRecord(record), cells.row(of: record, as: kind, keeps: keepsCells, at: moment), moment, to: &bytes)
        bytes += "]}".utf8
        return bytes
    }

    /// Everything before the rows.
    private func head(metadata: Value, hasColumns: Bool) -> [UInt8] {
        let document: Value = [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": hasColumns ? columns : nil,
        ]
        var bytes = document.jsonBytes
        bytes.removeLast()
        bytes += #","rows":["#.utf8
        return bytes
    }

    private var columns: Value {
        let name: Value = [
            "name": "Name", "type": "string", "format": "name", "description": "The record's name.", "priority": 0,
        ]
        return .array(
            [name]
                + kind.columns.map { column in
                    [
                        "name": .string(column.name), "type": .string(column.type), "format": "",
                        "description": .string(column.description), "priority": column.isWide ? 1 : 0,
                    ]
                })
    }

    // MARK: Rows

    /// The rows, in stretches that are written beside each other.
    private func rows(of records: [ListedRecord], at moment: Timestamp) async throws(StoreError) -> [[UInt8]] {
        guard !records.isEmpty else { return [] }
        guard records.count > Self.stretch else { return [try stretch(records[...], at: moment)] }
        let starts = Array(stride(from: 0, to: records.count, by: Self.stretch))
        let results = await withTaskGroup { group in
            for (index, start) in starts.enumerated() {
                let part = records[start..<min(start + Self.stretch, records.count)]
                group.addTask { @concurrent in
                    (index, Result { () throws(StoreError) in try stretch(part, at: moment) })
                }
            }
            var results: [Int: Result<[UInt8], StoreError>] = [:]
            for await (index, result) in group { results[index] = result }
            return starts.indices.compactMap { results[$0] }
        }
        var parts: [[UInt8]] = []
        for result in results { parts.append(try result.get()) }
        return parts
    }

    private func stretch(_ records: ArraySlice<ListedRecord>, at moment: Timestamp) throws(StoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(records.count * 1_024)
        for record in records {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            append(record, try cells.row(of: record, as: kind, at: moment), moment, to: &bytes)
        }
        return bytes
    }

    private func append(_ record: ListedRecord, _ row: TableRow, _ moment: Timestamp, to bytes: inout [UInt8]) {
        bytes += #"{"cells":["#.utf8
        row.append(to: &bytes, at: moment)
        bytes.append(UInt8(ascii: "]"))
        switch inclusion {
        case .none: break
        case .metadata:
            bytes += #","object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":"#.utf8
            bytes += record.metadataJSON
            bytes.append(UInt8(ascii: "}"))
        case .object:
            bytes += #","object":"#.utf8
            bytes += record.json
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
