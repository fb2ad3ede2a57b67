import Model
import Store
import Transport

/// Reading records.
///
/// What the store holds as JSON is passed on as it is: a list of ten thousand records is not parsed to be written again.
extension RecordEndpoint {
    func get(
        _ request: HTTPServerRequest, _ target: RecordTarget, _ id: RecordID
    ) async throws(APIStatus) -> HTTPServerResponse {
        let form = try RecordForm(request)
        let record = try await answering { () async throws(StoreError) in try await store.get(id) }
        guard let table = table(target.kind, form) else { return .json(bytes: record.json) }
        return .json(bytes: table.json(of: record, hasColumns: true, at: now()))
    }

    func list(
        _ request: HTTPServerRequest, _ target: RecordTarget
    ) async throws(APIStatus) -> HTTPServerResponse {
        let form = try RecordForm(request)
        let parameters = try ListParameters(request, newest: store.revision)
        var query = try RecordQuery(request, target)
        query.limit = parameters.limit
        query.continuation = parameters.continuation
        query.revision = parameters.revision
        let listing = try await listing(query)
        let metadata = Self.metadata(of: listing)
        guard let table = table(target.kind, form) else {
            return .json(bytes: Self.document(listing, metadata, of: target.kind.kind))
        }
        let moment = now()
        return .json(
            bytes: try await answering { () async throws(StoreError) in
                try await table.json(of: listing.records, metadata: metadata, at: moment)
            })
    }

    /// The table a client wants records in; nil if it wants them as they are.
    func table(_ kind: RegisteredKind, _ form: RecordForm) -> RecordTable? {
        form.table.map { RecordTable(kind: kind, inclusion: $0, cells: shared.cells) }
    }

    private func listing(_ query: RecordQuery) async throws(APIStatus) -> RecordListing {
        do {
            return try await store.listing(query)
        } catch {
            guard case .expired = error else { throw APIStatus(error) }
            throw .expiredList(at: query.continuation)
        }
    }

    /// The list as JSON, the records one after the other.
    private static func document(_ listing: RecordListing, _ metadata: Value, of kind: Kind) -> [UInt8] {
        let head: Value = [
            "kind": .string("\(kind.name)List"), "apiVersion": .string(kind.apiVersion), "metadata": metadata,
        ]
        let documents = listing.records.map(\.json)
        var bytes = head.jsonBytes
        bytes.reserveCapacity(bytes.count + documents.reduce(16) { $0 + $1.count + 1 })
        bytes.removeLast()
        bytes += #","items":["#.utf8
        for (index, document) in documents.enumerated() {
            if index > 0 {
                bytes.append(UInt8(ascii: ","))
            }
            bytes += document
        }
        bytes += "]}".utf8
        return bytes
    }

    private static func metadata(of listing: RecordListing) -> Value {
        var metadata: Value = ["resourceVersion": .string(String(listing.revision))]
        metadata["continue"] = listing.continuation.map { .string($0.text) }
        metadata["remainingItemCount"] = listing.remaining.map { .integer(Int64($0)) }
        return metadata
    }
}
