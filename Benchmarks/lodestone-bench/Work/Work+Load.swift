import Etcd

extension Work {
    /// Loads Kubernetes-shaped keys with random values, or with values that are text for three quarters.
    static func load(_ url: String, prefix: String, keys: Int, valueSize: Int, isText: Bool) async throws {
        try await withClient(url) { client in
            var random = Shuffle(state: 0x9E37_79B9_7F4A_7C15)
            var value = [UInt8](repeating: 0, count: valueSize)
            let summary = try await EtcdEndpoints(client).bulkWrite { writer in
                for index in 0..<keys {
                    random.fill(&value)
                    if isText { writeText(into: &value) }
                    try await writer.put(Array("\(prefix)\(key(index))".utf8), value)
                }
            }
            guard summary.operations == keys else {
                throw BenchError("\(summary.operations) of \(keys) keys were written")
            }
        }
    }

    /// Leaves 16 of each 64 random bytes, as hexadecimal digits: what differs among what is always the same.
    private static func writeText(into value: inout [UInt8]) {
        let text = Array(#"{"apiVersion":"v1","metadata":{"labels":{"uid":"}"#.utf8)
        let digits = Array("0123456789abcdef".utf8)
        for offset in value.indices {
            let place = offset % 64
            value[offset] = place < 48 ? text[place % text.count] : digits[Int(value[offset] & 0x0F)]
        }
    }

    /// A key such as `ns-017/pod-0001234`.
    private static func key(_ index: Int) -> String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(width - digits.count, 0)) + digits
        }
        return "ns-\(padded(index % 300, 3))/pod-\(padded(index, 7))"
    }
}

/// Bytes that no compression makes smaller, the same in every run (xorshift64).
private struct Shuffle {
    var state: UInt64

    mutating func fill(_ bytes: inout [UInt8]) {
        for offset in bytes.indices {
            if offset % 8 == 0 {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
            }
            bytes[offset] = UInt8(truncatingIfNeeded: state >> (UInt64(offset % 8) * 8))
        }
    }
}
