/// One key of etcd with its value and its place in history (`mvccpb.KeyValue`).
public struct KeyValue: Sendable, Hashable {
    /// The key.
    public var key: [UInt8]
    /// The value.
    public var value: [UInt8]
    /// The revision at which the key was last created.
    public var createRevision: Int64
    /// The revision of the last change to the key.
    public var modRevision: Int64
    /// How often the key was written since its creation, counting from 1.
    public var version: Int64
    /// The lease the key ends with, or 0 for none.
    public var lease: Int64

    /// Makes a key-value pair.
    public init(
        key: [UInt8], value: [UInt8] = [], createRevision: Int64 = 0, modRevision: Int64 = 0, version: Int64 = 0,
        lease: Int64 = 0
    ) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.version = version
        self.lease = lease
    }

    /// Copies what `view` looks at.
    public init(_ view: KeyValueView) {
        self.init(
            key: [UInt8](view.key), value: [UInt8](view.value), createRevision: view.createRevision,
            modRevision: view.modRevision, version: view.version, lease: view.lease)
    }

    /// Decodes an encoded `mvccpb.KeyValue`, as gRPC and the database file hold it.
    ///
    /// - Throws: `ProtobufError` if the bytes are not one.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        self.init(try KeyValueView(decoding: bytes))
    }

    /// The key as text, with what is not UTF-8 replaced; for messages, never for writing back.
    public var keyText: String { String(decoding: key, as: UTF8.self) }

    /// The value as text, with what is not UTF-8 replaced; for messages, never for writing back.
    public var valueText: String { String(decoding: value, as: UTF8.self) }
}

/// A key-value pair whose key and value still lie in the message or file page they were read from.
///
/// It copies nothing, which is what makes reading whole keyspaces cheap, and it must not outlive the closure it was
/// handed to. `KeyValue(view)` makes a copy that may.
public struct KeyValueView {
    /// The key, lent.
    public var key = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The value, lent.
    public var value = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The revision at which the key was last created.
    public var createRevision: Int64 = 0
    /// The revision of the last change to the key.
    public var modRevision: Int64 = 0
    /// How often the key was written since its creation, counting from 1.
    public var version: Int64 = 0
    /// The lease the key ends with, or 0 for none.
    public var lease: Int64 = 0

    init() {}

    /// Finds the fields of an encoded `mvccpb.KeyValue`.
    ///
    /// - Throws: `ProtobufError` if the bytes are not one.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try reader.bytes(field)
            case 2: createRevision = try reader.int64(field)
            case 3: modRevision = try reader.int64(field)
            case 4: version = try reader.int64(field)
            case 5: value = try reader.bytes(field)
            case 6: lease = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}
