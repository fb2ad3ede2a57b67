internal import Etcd

/// Writes that become one transaction of the destination, encoded as they come.
///
/// It takes no key twice: that is for its user to see to, since etcd refuses such a transaction.
struct CopyBatch: Sendable {
    /// What is accepted by etcd unless told otherwise (`--max-txn-ops` 128 and `--max-request-bytes` 1.5 MiB), with
    /// room for the condition and the checkpoint.
    struct Limits: Sendable, Hashable {
        var operations = 126
        var bytes = 1 << 20
    }

    /// What the fields around key and value of one operation take, at most, with the conditions of `keep`.
    static let overhead = 96

    /// With `ConflictPolicy.keep`: keys that were last changed at this revision of the destination or before stay.
    private let kept: Int64?
    private var writer = ProtobufWriter()
    /// How many writes there are.
    private(set) var operations = 0
    /// The leases of the destination that are attached.
    private(set) var leases: Set<Int64> = []
    /// The only write as it is, if there is just one, for a value that leaves no room for anything else.
    private(set) var single: ProtobufWriter?

    /// Makes an empty batch.
    init(keepingUpTo kept: Int64? = nil) {
        self.kept = kept
    }

    /// The encoded operations, as fields of a `TxnRequest`.
    var fields: ProtobufWriter { writer }
    /// Their size in bytes.
    var byteCount: Int { writer.count }

    /// Whether another write fits.
    ///
    /// With `keep` every write is a transaction of its own with two conditions inside this one, and etcd counts both
    /// levels against one limit.
    func hasRoom(for byteCount: Int, _ limits: Limits) -> Bool {
        guard operations > 0 else { return true }
        let most = kept == nil ? limits.operations : min(limits.operations, 62)
        return operations < most && writer.count + byteCount + Self.overhead <= limits.bytes
    }

    /// Adds a key to be written; `prefix` stands before it, after its first `dropped` bytes are left out.
    mutating func put(
        _ key: UnsafeRawBufferPointer, droppingFirst dropped: Int, prefix: [UInt8], _ value: UnsafeRawBufferPointer,
        lease: Int64
    ) {
        let key = prefix + key.dropFirst(dropped)
        add(key) { operation in
            operation.message(2) { put in
                put.bytes(1, key)
                put.bytes(2, value)
                put.int64(3, lease)
            }
        }
        if lease != 0 { leases.insert(lease) }
        single = nil
        if kept == nil, operations == 1, value.count > 1 << 20 {
            var put = ProtobufWriter()
            put.bytes(1, key)
            put.bytes(2, value)
            put.int64(3, lease)
            single = put
        }
    }

    /// Adds a key to be written.
    mutating func put(_ key: [UInt8], _ value: [UInt8], lease: Int64) {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { put(key, droppingFirst: 0, prefix: [], $0, lease: lease) }
        }
    }

    /// Adds a key to be deleted.
    mutating func delete(_ key: [UInt8]) {
        add(key) { operation in
            operation.message(3) { $0.bytes(1, key) }
        }
        single = nil
    }

    private mutating func add(_ key: [UInt8], _ operation: (inout ProtobufWriter) -> Void) {
        operations += 1
        guard let kept else {
            writer.message(2, operation)
            return
        }
        writer.message(2) { outer in
            outer.message(4) { inner in
                // The key exists, and was not changed since: then nothing, otherwise the write.
                inner.message(1) { compare in
                    compare.uint64(1, 1)
                    compare.uint64(2, 1)
                    compare.bytes(3, key)
                    compare.int64(5, 0, isRequired: true)
                }
                inner.message(1) { compare in
                    compare.uint64(1, 2)
                    compare.uint64(2, 2)
                    compare.bytes(3, key)
                    compare.int64(6, kept + 1, isRequired: true)
                }
                inner.message(3, operation)
            }
        }
    }
}
