/// A change of one key.
public struct WatchEvent: Sendable, Hashable {
    /// What happened to the key.
    public enum Kind: Sendable, Hashable {
        /// It was written.
        case put
        /// It was deleted.
        case delete
    }

    /// What happened to the key.
    public var kind: Kind
    /// The key after the change; of a deleted one only key and `modRevision`, the revision of the deletion.
    public var keyValue: KeyValue
    /// What the key held before, if that was asked for, it existed and its revision is not compacted.
    public var previous: KeyValue?

    /// Makes an event.
    public init(kind: Kind, keyValue: KeyValue, previous: KeyValue? = nil) {
        self.kind = kind
        self.keyValue = keyValue
        self.previous = previous
    }

    /// Copies what `view` looks at.
    public init(_ view: WatchEventView) {
        self.init(
            kind: view.kind, keyValue: KeyValue(view.keyValue), previous: view.previous.map { KeyValue($0) })
    }
}

/// A change of one key that still lies in the message it arrived in, and must not outlive the closure it is lent to.
public struct WatchEventView {
    /// What happened to the key.
    public let kind: WatchEvent.Kind
    /// The key after the change; of a deleted one only key and `modRevision`, the revision of the deletion.
    public let keyValue: KeyValueView
    /// What the key held before, if that was asked for, it existed and its revision is not compacted.
    public let previous: KeyValueView?

    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var kind = WatchEvent.Kind.put
        var keyValue = KeyValueView()
        var previous: KeyValueView?
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: kind = try reader.uint64(field) == 1 ? .delete : .put
            case 2: keyValue = try KeyValueView(decoding: try reader.bytes(field))
            case 3: previous = try KeyValueView(decoding: try reader.bytes(field))
            default: try reader.skip(field)
            }
        }
        self.kind = kind
        self.keyValue = keyValue
        self.previous = previous
    }
}
