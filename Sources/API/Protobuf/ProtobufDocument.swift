package import Model

/// Documents in Kubernetes' protobuf form, which kubectl sends since 1.32 where it knows the kind by itself.
///
/// Only a handful of kinds are ever sent so; the numbers of their fields are those of the `generated.proto` files of
/// Kubernetes' API. What the server sets (times, generation) is passed by.
package enum ProtobufDocument {
    /// What every such document begins with.
    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    /// The media type.
    static let mediaType = "application/vnd.kubernetes.protobuf"

    /// Reads a document: the magic bytes, then a message `Unknown` with the type and the bytes of the object.
    ///
    /// - Throws: `.malformed`, and `.unknownKind` for a kind that is not read in this form.
    package static func read(_ bytes: [UInt8]) throws(ProtobufError) -> Value {
        guard bytes.starts(with: magic) else { throw .malformed("the magic bytes of Kubernetes' form are missing") }
        var reader = ProtobufReader(bytes.dropFirst(magic.count))
        var type: Value = [:]
        var content: ArraySlice<UInt8> = []
        while let field = try reader.next() {
            guard case .bytes(let bytes) = field.content else { continue }
            switch field.number {
            case 1: type = try typeMeta.document(bytes)
            case 2: content = bytes
            default: break
            }
        }
        let kind = type["kind"]?.string ?? ""
        guard let message = messages[kind] else { throw .unknownKind(kind) }
        var members: Value.Members = [:]
        members["apiVersion"] = type["apiVersion"]
        members["kind"] = .string(kind)
        for (name, value) in try message.document(content).members ?? [:] {
            members.append(name, value)
        }
        return .object(members)
    }

    private static let typeMeta = ProtobufMessage([(1, "apiVersion", .text), (2, "kind", .text)])

    private static let owner = ProtobufMessage([
        (5, "apiVersion", .text), (1, "kind", .text), (3, "name", .text), (4, "uid", .text), (6, "controller", .flag),
        (7, "blockOwnerDeletion", .flag),
    ])

    private static let metadata = ProtobufMessage([
        (1, "name", .text), (2, "generateName", .text), (3, "namespace", .text), (5, "uid", .text),
        (6, "resourceVersion", .text), (11, "labels", .map(.text)), (12, "annotations", .map(.text)),
        (13, "ownerReferences", .list(.message(owner))), (14, "finalizers", .list(.text)),
    ])

    private static let resourceAttributes = ProtobufMessage([
        (1, "namespace", .text), (2, "verb", .text), (3, "group", .text), (4, "version", .text),
        (5, "resource", .text), (6, "subresource", .text), (7, "name", .text),
    ])

    private static let accessReviewSpec = ProtobufMessage([
        (1, "resourceAttributes", .message(resourceAttributes)),
        (2, "nonResourceAttributes", .message(ProtobufMessage([(1, "path", .text), (2, "verb", .text)]))),
    ])

    private static let messages: [String: ProtobufMessage] = [
        "Namespace": ProtobufMessage([
            (1, "metadata", .message(metadata)),
            (2, "spec", .message(ProtobufMessage([(1, "finalizers", .list(.text))]))),
            (3, "status", .message(ProtobufMessage([(1, "phase", .text)]))),
        ]),
        "Secret": ProtobufMessage([
            (1, "metadata", .message(metadata)), (2, "data", .map(.bytes)), (3, "type", .text),
            (4, "stringData", .map(.text)), (5, "immutable", .flag),
        ]),
        "SelfSubjectAccessReview": ProtobufMessage([
            (1, "metadata", .message(metadata)), (2, "spec", .message(accessReviewSpec)),
        ]),
        "SelfSubjectRulesReview": ProtobufMessage([
            (1, "metadata", .message(metadata)),
            (2, "spec", .message(ProtobufMessage([(1, "namespace", .text)]))),
        ]),
        "SelfSubjectReview": ProtobufMessage([(1, "metadata", .message(metadata))]),
        "DeleteOptions": ProtobufMessage([
            (1, "gracePeriodSeconds", .integer),
            (2, "preconditions", .message(ProtobufMessage([(1, "uid", .text), (2, "resourceVersion", .text)]))),
            (3, "orphanDependents", .flag), (4, "propagationPolicy", .text), (5, "dryRun", .list(.text)),
        ]),
    ]
}
