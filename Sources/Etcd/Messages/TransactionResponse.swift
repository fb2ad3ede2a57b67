/// The answer to a transaction.
public struct TransactionResponse: Sendable, Hashable {
    /// Who answered; its revision is that of the transaction if it wrote anything.
    public var header = ResponseHeader()
    /// Whether the conditions held.
    public var succeeded = false
    /// The answers to the operations that were applied, in their order.
    public var results: [Result] = []

    /// Makes an empty response.
    public init() {}

    /// The answer to one operation.
    public indirect enum Result: Sendable, Hashable {
        /// The keys read.
        case range(RangeResponse)
        /// The key written.
        case put(PutResponse)
        /// The keys deleted.
        case deleteRange(DeleteRangeResponse)
        /// The nested transaction.
        case transaction(TransactionResponse)
        /// An answer of a kind that this program does not know.
        case unknown
    }
}

extension TransactionResponse: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: header = try reader.message(ResponseHeader.self, field)
            case 2: succeeded = try reader.bool(field)
            case 3: results.append(try reader.message(Result.self, field))
            default: try reader.skip(field)
            }
        }
    }
}

extension TransactionResponse.Result: DecodableMessage {
    init(decoding bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        self = .unknown
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: self = .range(try reader.message(RangeResponse.self, field))
            case 2: self = .put(try reader.message(PutResponse.self, field))
            case 3: self = .deleteRange(try reader.message(DeleteRangeResponse.self, field))
            case 4: self = .transaction(try reader.message(TransactionResponse.self, field))
            default: try reader.skip(field)
            }
        }
    }
}
