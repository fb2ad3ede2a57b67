/// Why a body is no protobuf document this server reads.
package enum ProtobufError: Error, Equatable, CustomStringConvertible {
    /// The bytes are not what the wire format allows.
    case malformed(String)
    /// The document is of a kind that is only read as JSON or YAML.
    case unknownKind(String)

    package var description: String {
        switch self {
        case .malformed(let reason): reason
        case .unknownKind(let kind): "documents of kind \"\(kind)\" are not read as protobuf here; send JSON"
        }
    }
}
