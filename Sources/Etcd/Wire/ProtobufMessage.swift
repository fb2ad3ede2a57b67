import Transport

/// A message that this client sends.
protocol EncodableMessage: Sendable {
    /// Appends the fields of the message.
    func encode(to writer: inout ProtobufWriter)
}

/// A message that this client receives and takes out of the memory it arrived in.
protocol DecodableMessage: Sendable {
    /// Reads the fields of the message; fields of newer etcd releases are passed over.
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError)
}

extension EncodableMessage {
    /// The encoded message.
    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        encode(to: &writer)
        return writer.bytes
    }
}

extension GRPCMessage {
    /// Lends the bytes to `body`, which fails only as a decoder does.
    func decode<Result>(
        _ body: (UnsafeRawBufferPointer) throws(ProtobufError) -> Result
    ) throws(ProtobufError) -> Result {
        try withSpan { (span) throws(ProtobufError) -> Result in
            try span.withUnsafeBytes(body)
        }
    }
}

extension ProtobufReader {
    /// Reads a nested message of a known type.
    mutating func message<Message: DecodableMessage>(
        _ type: Message.Type, _ field: Field
    ) throws(ProtobufError) -> Message {
        try Message(decoding: try bytes(field))
    }
}

extension ProtobufWriter {
    /// Appends a nested message of a known type.
    mutating func message(_ field: Int, _ message: some EncodableMessage) {
        self.message(field) { message.encode(to: &$0) }
    }
}
