/// Keys and values as a Kubernetes API server keeps them, always the same for the same seed.
///
/// The names are our own (`lodestone-sample-...`), so that no object of a real API server has one of these keys.
struct SampleKeyspace: Sendable {
    /// One kind of object and how often it occurs among twenty.
    private struct Kind {
        let path: String
        let apiVersion: String
        let name: String
        let share: Int
        /// Custom resources are kept as JSON, all others as protobuf.
        var isCustom = false
    }

    private static let kinds = [
        Kind(path: "pods", apiVersion: "v1", name: "Pod", share: 8),
        Kind(path: "events", apiVersion: "v1", name: "Event", share: 4),
        Kind(path: "configmaps", apiVersion: "v1", name: "ConfigMap", share: 2),
        Kind(path: "replicasets", apiVersion: "apps/v1", name: "ReplicaSet", share: 2),
        Kind(path: "leases", apiVersion: "coordination.k8s.io/v1", name: "Lease", share: 1),
        Kind(path: "services/endpoints", apiVersion: "v1", name: "Endpoints", share: 1),
        Kind(path: "example.com/widgets", apiVersion: "example.com/v1", name: "Widget", share: 2, isCustom: true),
    ]

    private static let shares = kinds.flatMap { Array(repeating: $0, count: $0.share) }
    private static let letters = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    private let prefix: String
    private let valueSize: Int
    private let seed: UInt64
    private let filler: [UInt8]

    /// Creates a keyspace; values are of `valueSize` bytes on average, between a half and one and a half of it.
    init(prefix: String, valueSize: Int, seed: UInt64) {
        self.prefix = prefix
        self.valueSize = valueSize
        self.seed = seed
        var random = SampleRandom(seed: seed)
        // Text that compresses about as well as real objects do: words from a small stock.
        let words = (0..<512).map { _ in Self.word(Int.random(in: 3..<12, using: &random), &random) }
        var filler: [UInt8] = []
        while filler.count < 1 << 16 + 2 * valueSize {
            filler += words[Int.random(in: 0..<words.count, using: &random)]
            filler.append(UInt8(ascii: "-"))
        }
        self.filler = filler
    }

    /// The key that says that the others are ours.
    var marker: [UInt8] { Array("\(prefix)/lodestone-sample".utf8) }

    /// The key and value of a number.
    func pair(_ index: Int) -> (key: [UInt8], value: [UInt8]) {
        var random = SampleRandom(seed: seed &+ UInt64(index) &* 0x2545_F491_4F6C_DD1D)
        let kind = Self.shares[Int.random(in: 0..<Self.shares.count, using: &random)]
        let namespace = "lodestone-sample-\(Int.random(in: 0..<40, using: &random))"
        let hash = String(decoding: Self.word(10, &random), as: UTF8.self)
        let name = "web-\(hash)-\(String(index, radix: 36))"
        let size = Int.random(in: valueSize / 2...valueSize * 3 / 2, using: &random)
        let start = Int.random(in: 0..<1 << 16, using: &random)
        let content = filler[start..<start + size]
        let key = Array("\(prefix)/\(kind.path)/\(namespace)/\(name)".utf8)
        return (
            key,
            kind.isCustom ? Self.json(kind, namespace, name, content) : Self.protobuf(kind, namespace, name, content)
        )
    }

    private static func word(_ length: Int, _ random: inout SampleRandom) -> [UInt8] {
        (0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }
    }

    private static func json(_ kind: Kind, _ namespace: String, _ name: String, _ content: ArraySlice<UInt8>) -> [UInt8]
    {
        let head = """
            {"apiVersion":"\(kind.apiVersion)","kind":"\(kind.name)","metadata":{"name":"\(name)","namespace":\
            "\(namespace)"},"spec":{"text":"
            """
        return Array(head.utf8) + content + Array("\"}}\n".utf8)
    }

    /// The envelope of apimachinery's `runtime.Unknown`: four bytes of magic, the type, the object's own bytes.
    private static func protobuf(
        _ kind: Kind, _ namespace: String, _ name: String, _ content: ArraySlice<UInt8>
    ) -> [UInt8] {
        let metadata = field(1, Array(name.utf8)) + field(3, Array(namespace.utf8)) + field(4, [])
        let object = field(1, metadata) + field(2, Array(content))
        let type = field(1, Array(kind.apiVersion.utf8)) + field(2, Array(kind.name.utf8))
        return [0x6B, 0x38, 0x73, 0x00] + field(1, type) + field(2, object) + field(3, []) + field(4, [])
    }

    /// A length-delimited field of protobuf.
    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        var head = [number << 3 | 2]
        var length = bytes.count
        while length >= 0x80 {
            head.append(UInt8(length & 0x7F) | 0x80)
            length >>= 7
        }
        head.append(UInt8(length))
        return head + bytes
    }
}
