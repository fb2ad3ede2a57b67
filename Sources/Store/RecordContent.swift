internal import Model
import Synchronization

/// What a record says, in the forms it was asked for, each made once for all copies of the record.
///
/// A record is read over and over between two changes: as a value of its type by every reconcile pass, and as a
/// document by whoever lists it.
final class RecordContent: Sendable {
    private struct State {
        var document: Value
        /// Makes the status that `document` does not have yet.
        var status: (@Sendable () -> Value)?
        var object: (any Resource)?
        var json: [UInt8]?
        var metadata: [UInt8]?

        /// Completes the document and returns it.
        mutating func finished() -> Value {
            if let make = status {
                let new = make()
                document["status"] = new.isVacant ? nil : new
                status = nil
            }
            return document
        }
    }

    /// What names the record.
    let id: RecordID
    private let state: Mutex<State>
    /// Whether the file says the same under the record's revision.
    let isCommitted: Bool

    /// What a document says; `json` is the document in bytes, where it is known.
    init(_ id: RecordID, _ document: Value, json: [UInt8]? = nil) {
        self.id = id
        state = Mutex(State(document: document, json: json))
        isCommitted = true
    }

    /// What `base` says, but for the status, which is that of `object`; nothing else of the two may differ.
    init(_ base: RecordContent, withStatusOf object: some SpecifiedResource) {
        id = base.id
        let (former, metadata) = base.state.withLock { ($0.document, $0.metadata) }
        state = Mutex(
            State(document: former, status: { object.status.encoded }, object: object, metadata: metadata))
        isCommitted = false
    }

    /// The document.
    var document: Value { state.withLock { $0.finished() } }

    /// The document as JSON.
    var json: [UInt8] {
        state.withLock { state in
            if let json = state.json { return json }
            let json = state.finished().jsonBytes
            state.json = json
            return json
        }
    }

    /// The metadata as JSON, which a fresh state shares with the committed one.
    var metadata: [UInt8] {
        state.withLock { state in
            if let metadata = state.metadata { return metadata }
            let metadata = (state.document["metadata"] ?? [:]).jsonBytes
            state.metadata = metadata
            return metadata
        }
    }

    /// The value of its type.
    ///
    /// - Throws: `InvalidRecord` where the document does not fit the type.
    func decoded<Object: Resource>(as type: Object.Type) throws(InvalidRecord) -> Object {
        if let known = state.withLock({ $0.object }) as? Object { return known }
        let object = try Object(document: document)
        state.withLock { $0.object = object }
        return object
    }
}
