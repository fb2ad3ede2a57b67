/// Whether a cluster asks its clients who they are.
public struct AuthStatus: Sendable, Hashable {
    /// Who answered.
    public var header = ResponseHeader()
    /// Whether authentication is on.
    public var isEnabled = false
    /// How often users, roles or permissions were changed.
    public var authRevision: UInt64 = 0

    /// Makes an empty status.
    public init() {}
}

extension AuthStatus: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: isEnabled = try reader.bool(field)
            case 3: authRevision = try reader.uint64(field)
            default: try reader.skip(field)
            }
        }
    }
}

/// The token of a session.
struct AuthenticateResponse: DecodableMessage {
    var token = ""

    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            if field.number == 2 { token = try reader.string(field) } else { try reader.skip(field) }
        }
    }
}

/// The names of users or roles.
struct NamesResponse: DecodableMessage {
    var names: [String] = []

    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            if field.number == 2 { names.append(try reader.string(field)) } else { try reader.skip(field) }
        }
    }
}

/// The permissions of a role.
struct RoleGetResponse: DecodableMessage {
    var permissions: [EtcdPermission] = []

    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 2: permissions.append(try reader.message(EtcdPermission.self, field))
            default: try reader.skip(field)
            }
        }
    }
}

/// A response of which only the header counts.
struct HeaderResponse: DecodableMessage {
    var header = ResponseHeader()

    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            default: try reader.skip(field)
            }
        }
    }
}
