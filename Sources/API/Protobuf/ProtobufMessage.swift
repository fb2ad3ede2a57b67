import Model

/// The fields of a message that are taken over into a document; others are passed by, as protobuf has it.
struct ProtobufMessage: Sendable {
    /// What a field holds.
    indirect enum Shape: Sendable {
        /// UTF-8; Kubernetes writes empty text for what is not given, so it is left out.
        case text
        /// Bytes, in documents as base64.
        case bytes
        /// A truth value.
        case flag
        /// A whole number.
        case integer
        /// Another message.
        case message(ProtobufMessage)
        /// As many as there are.
        case list(Shape)
        /// Names with a value each.
        case map(Shape)
    }

    /// More fields in one message than any record has, and few enough to hold; what follows is refused.
    private static let fieldLimit = 100_000

    private let fields: [UInt64: (name: String, shape: Shape)]

    init(_ fields: [(number: UInt64, name: String, shape: Shape)]) {
        self.fields = Dictionary(fields.map { ($0.number, ($0.name, $0.shape)) }) { first, _ in first }
    }

    /// The document a message stands for.
    ///
    /// The shapes are a fixed tree, so the bytes do not decide how deep this goes.
    ///
    /// - Throws: `.malformed`.
    func document(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> Value {
        var reader = ProtobufReader(bytes)
        var found: [UInt64: [ProtobufReader.Content]] = [:]
        var count = 0
        while let field = try reader.next() {
            count += 1
            guard count <= Self.fieldLimit else { throw .malformed("a message has more than \(count - 1) fields") }
            if fields[field.number] != nil {
                found[field.number, default: []].append(field.content)
            }
        }
        var members = Value.Members()
        for number in found.keys.sorted() {
            guard let field = fields[number], let contents = found[number] else { continue }
            if let value = try Self.value(contents, field.shape, field.name), !value.isVacant {
                members.append(field.name, value)
            }
        }
        return .object(members)
    }

    /// What a field holds that came so often; of one that may come only once the last counts.
    private static func value(
        _ contents: [ProtobufReader.Content], _ shape: Shape, _ name: String
    ) throws(ProtobufError) -> Value? {
        switch shape {
        case .list(let element):
            var values: [Value] = []
            for content in contents {
                values.append(try single(content, element, name))
            }
            return .array(values)
        case .map(let element):
            let entry = ProtobufMessage([(1, "key", .text)])
            var values: [String: Value] = [:]
            for content in contents {
                guard case .bytes(let bytes) = content else { throw mismatch(name) }
                let key = try entry.document(bytes)["key"]?.string ?? ""
                values[key] = try value(inEntry: bytes, element, name)
            }
            var members = Value.Members()
            for (key, value) in values.sorted(by: { $0.key < $1.key }) {
                members.append(key, value)
            }
            return .object(members)
        default:
            guard let last = contents.last else { return nil }
            return try single(last, shape, name)
        }
    }

    /// The value in an entry of a map; one that is left out is empty.
    private static func value(
        inEntry bytes: ArraySlice<UInt8>, _ shape: Shape, _ name: String
    ) throws(ProtobufError) -> Value {
        var reader = ProtobufReader(bytes)
        var value: Value = ""
        while let field = try reader.next() {
            if field.number == 2 {
                value = try single(field.content, shape, name)
            }
        }
        return value
    }

    private static func single(
        _ content: ProtobufReader.Content, _ shape: Shape, _ name: String
    ) throws(ProtobufError) -> Value {
        switch (shape, content) {
        case (.text, .bytes(let bytes)):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .malformed("\"\(name)\" is no valid UTF-8")
            }
            return .string(text)
        case (.bytes, .bytes(let bytes)): return .string(Base64.encode(Array(bytes)))
        case (.message(let message), .bytes(let bytes)): return try message.document(bytes)
        case (.flag, .number(let number)): return .bool(number != 0)
        case (.integer, .number(let number)): return .integer(Int64(bitPattern: number))
        default: throw mismatch(name)
        }
    }

    private static func mismatch(_ name: String) -> ProtobufError {
        .malformed("\"\(name)\" has another wire type than the field of this name")
    }
}
