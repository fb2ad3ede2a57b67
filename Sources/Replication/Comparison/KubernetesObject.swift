internal import Crypto
internal import Etcd
internal import Model

/// An object of Kubernetes as the apiserver stores it: its identity, and the rest without its resource version.
///
/// Stored are JSON (custom resources) and protobuf, which is `k8s\0` and a `runtime.Unknown`: type (1), the object (2),
/// encoding (3) and content type (4). Field 1 of nearly every object is its `ObjectMeta`, of which are read: name (1),
/// namespace (3), uid (5), resourceVersion (6) and generation (7); the numbers are those of Kubernetes' generated.proto.
struct KubernetesObject: Sendable, Equatable {
    /// All of the object but its resource version, which the apiserver takes from etcd and does not rely on here.
    enum Content: Sendable, Equatable {
        /// SHA-256 of the encoded fields.
        case protobuf([UInt8])
        /// The document, whose members may stand in any order.
        case json(Value)
    }

    var name = ""
    var namespace = ""
    var uid = ""
    var generation: Int64 = 0
    var content: Content
}

extension KubernetesObject {
    private static let magic = [UInt8]("k8s\0".utf8)

    /// Decodes a stored value; nil if it is encrypted, or of no known format, or has no name.
    init?(stored value: UnsafeRawBufferPointer) {
        if value.starts(with: Self.magic) {
            guard let object = try? Self(unknown: UnsafeRawBufferPointer(rebasing: value.dropFirst(4))) else {
                return nil
            }
            self = object
        } else if value.first == UInt8(ascii: "{"), let document = try? Value(json: [UInt8](value)) {
            self.init(document)
        } else {
            return nil
        }
        guard !name.isEmpty else { return nil }
    }

    private init(_ document: Value) {
        var rest = document
        let metadata = document["metadata"]
        if metadata != nil { rest["metadata"]?["resourceVersion"] = nil }
        self.init(
            name: metadata?["name"]?.string ?? "", namespace: metadata?["namespace"]?.string ?? "",
            uid: metadata?["uid"]?.string ?? "", generation: metadata?["generation"]?.integer ?? 0,
            content: .json(rest))
    }

    private init(unknown bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        self.init(content: .protobuf([]))
        var hash = SHA256()
        try Self.forEachField(of: bytes) { (field, reader, whole) throws(ProtobufError) in
            guard field.number == 2, field.wireType == .lengthDelimited else { return hash.update(whole) }
            var inner = reader
            try Self.forEachField(of: try inner.bytes(field)) { (field, reader, whole) throws(ProtobufError) in
                guard field.number == 1, field.wireType == .lengthDelimited else { return hash.update(whole) }
                var inner = reader
                try readMetadata(try inner.bytes(field), &hash)
            }
        }
        content = .protobuf(hash.finalize())
    }

    private mutating func readMetadata(_ bytes: UnsafeRawBufferPointer, _ hash: inout SHA256) throws(ProtobufError) {
        var found = self
        try Self.forEachField(of: bytes) { (field, reader, whole) throws(ProtobufError) in
            var reader = reader
            switch field.number {
            case 1: found.name = try reader.string(field)
            case 3: found.namespace = try reader.string(field)
            case 5: found.uid = try reader.string(field)
            case 6: return
            case 7: found.generation = try reader.int64(field)
            default: break
            }
            hash.update(whole)
        }
        self = found
    }

    /// Calls `body` with every field: its tag, a reader that stands before its value, and all its bytes.
    private static func forEachField(
        of bytes: UnsafeRawBufferPointer,
        _ body: (ProtobufReader.Field, ProtobufReader, UnsafeRawBufferPointer) throws(ProtobufError) -> Void
    ) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        var start = 0
        while let field = try reader.next() {
            let value = reader
            try reader.skip(field)
            try body(field, value, UnsafeRawBufferPointer(rebasing: bytes[start..<reader.offset]))
            start = reader.offset
        }
    }
}
