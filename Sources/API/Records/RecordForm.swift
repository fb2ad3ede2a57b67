import Model
import Store
import Transport

/// In which form a client sees records; what was written in one form serves all clients that want the same.
struct RecordForm: Sendable, Hashable {
    /// What of a record goes with its row of a table.
    enum Inclusion: String {
        /// Nothing.
        case none = "None"
        /// Its metadata, from which clients take labels and namespace.
        case metadata = "Metadata"
        /// All of it.
        case object = "Object"
    }

    /// What goes with the rows of tables; nil for records as they are.
    let table: Inclusion?

    /// The form a request asks for.
    ///
    /// - Throws: a refusal for an unknown `includeObject`.
    init(_ request: HTTPServerRequest) throws(APIStatus) {
        guard AcceptHeader(request).wantsTable else {
            table = nil
            return
        }
        let text = request.query("includeObject") ?? ""
        guard let inclusion = Inclusion(rawValue: text.isEmpty ? Inclusion.metadata.rawValue : text) else {
            throw APIStatus(.badRequest, "includeObject must be None, Metadata or Object, not \"\(text)\"")
        }
        table = inclusion
    }
}
