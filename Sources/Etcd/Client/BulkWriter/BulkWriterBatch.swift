import Transport

/// Writes that become one transaction, encoded as they come.
struct BulkWriterBatch: Sendable {
    /// What the fields around key and value of one operation take, at most.
    private static let overhead = 32

    private var writer = ProtobufWriter()
    /// Hashes of the keys; two keys with one hash only cost a smaller transaction.
    private(set) var keys: Set<UInt64> = []
    /// How many writes there are.
    private(set) var operations = 0

    /// Begins a transaction that is applied if the condition holds.
    init(_ condition: Compare? = nil) {
        if let condition { writer.message(1, condition) }
    }

    /// The encoded `TxnRequest`.
    var bytes: [UInt8] { writer.bytes }

    /// Whether another write fits: etcd refuses a transaction that changes a key twice.
    func hasRoom(forKey hash: UInt64, byteCount: Int, _ options: BulkWriter.Options) -> Bool {
        guard operations > 0 else { return true }
        return operations < options.operationsPerTransaction
            && writer.count + byteCount + Self.overhead <= options.bytesPerTransaction && !keys.contains(hash)
    }

    mutating func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, lease: Int64, hash: UInt64) {
        writer.message(2) { operation in
            operation.message(2) { put in
                put.bytes(1, key)
                put.bytes(2, value)
                put.int64(3, lease)
            }
        }
        keys.insert(hash)
        operations += 1
    }

    mutating func delete(_ key: UnsafeRawBufferPointer, hash: UInt64) {
        writer.message(2) { operation in
            operation.message(3) { $0.bytes(1, key) }
        }
        keys.insert(hash)
        operations += 1
    }

    /// FNV-1a, which needs no seed and is quick for keys of some dozen bytes.
    static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}

extension EtcdClient {
    /// Applies an encoded transaction and returns its revision.
    ///
    /// - Throws: `EtcdError`, with `failedPrecondition` if its condition does not hold.
    func commit(encoded request: [UInt8], isIdempotent: Bool, timeout: Duration) async throws(EtcdError) -> Int64 {
        let outcome = try await commit(encodedTransaction: request, isIdempotent: isIdempotent, timeout: timeout)
        guard outcome.succeeded else {
            throw EtcdError(
                .failedPrecondition, "the condition of the writes does not hold any more", endpoint: endpoint.url,
                isIdempotent: isIdempotent)
        }
        return outcome.header.revision
    }
}
