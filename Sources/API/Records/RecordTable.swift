import Model
import Store
import Transport

/// Records as a table (`meta.k8s.io/v1 Table`), as `kubectl get` shows them.
struct RecordTable: Sendable {
    /// What of a record goes with its row.
    enum Inclusion: String {
        /// Nothing.
        case none = "None"
        /// Its metadata, from which clients take labels and namespace.
        case metadata = "Metadata"
        /// All of it.
        case object = "Object"
    }

    private let kind: RegisteredKind
    private let inclusion: Inclusion

    /// The table a request asks for; nil if it asks for records.
    ///
    /// - Throws: a refusal for an unknown `includeObject`.
    init?(_ request: HTTPServerRequest, _ kind: RegisteredKind) throws(APIStatus) {
        guard AcceptHeader(request).wantsTable else { return nil }
        self.kind = kind
        let text = request.query("includeObject") ?? ""
        guard let inclusion = Inclusion(rawValue: text.isEmpty ? Inclusion.metadata.rawValue : text) else {
            throw APIStatus(.badRequest, "includeObject must be None, Metadata or Object, not \"\(text)\"")
        }
        self.inclusion = inclusion
    }

    /// The table of some records.
    ///
    /// - Parameters:
    ///   - records: The records, a row for each.
    ///   - revision: The version of the list.
    ///   - continuation: Where the list goes on.
    ///   - hasColumns: Whether to describe the columns; a watch does so once.
    ///   - moment: The present, for ages.
    /// - Returns: The table.
    func document(
        of records: [Record], revision: Int64, continuation: String? = nil, hasColumns: Bool = true,
        at moment: Timestamp
    ) -> Value {
        [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1",
            "metadata": RecordEndpoint.listMetadata(revision: revision, continuation: continuation),
            "columnDefinitions": hasColumns ? columns : nil,
            "rows": .array(records.map { row(of: $0, at: moment) }),
        ]
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

    private func row(of record: Record, at moment: Timestamp) -> Value {
        let cells = kind.cells(of: record.document, at: moment) ?? []
        var row: Value = ["cells": .array([.string(record.id.name)] + cells)]
        switch inclusion {
        case .none: break
        case .metadata:
            row["object"] = [
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": record.document["metadata"] ?? [:],
            ]
        case .object: row["object"] = record.document
        }
        return row
    }
}
