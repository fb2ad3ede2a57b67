@testable import Etcd

/// Keyspaces of shapes that are found in practice, and some that are not.
enum SampleKeys: CaseIterable {
    case none
    case one
    case decimal
    case unpadded
    case hashes
    case numbers
    case randomBytes
    case kubernetes
    case nested
    case zeroBytes
    case highBytes
    case twoIslands

    /// The keys, each once and in order.
    var keys: [[UInt8]] {
        Array(Set(unsorted)).sorted { $0.precedes($1) }
    }

    private var unsorted: [[UInt8]] {
        switch self {
        case .none: []
        case .one: [bytes("a")]
        case .decimal: (0..<20_000).map { Self.pod($0) }
        case .unpadded: (0..<20_000).map { bytes("item-\($0)") }
        case .hashes: (0..<12_000).map { bytes(String(UInt64($0) &* 0x9e37_79b9_7f4a_7c15, radix: 16)) }
        case .numbers: (0..<12_000).map { Self.bigEndian(UInt32($0 * 77_777)) }
        case .randomBytes: (0..<12_000).map { _ in (0..<12).map { _ in UInt8.random(in: 0...255) } }
        case .kubernetes: Self.kubernetesKeys
        case .nested: (0..<3_000).map { [UInt8](repeating: 0x61, count: $0 % 1_000 + 1) + bytes(String($0)) }
        case .zeroBytes: (1..<400).map { [UInt8](repeating: 0, count: $0) }
        case .highBytes: (1..<400).map { [UInt8](repeating: 0xff, count: $0) }
        case .twoIslands: (0..<8_000).map { bytes(($0 < 4_000 ? "a" : "zzz/deep/down/below/") + Self.padded($0, 6)) }
        }
    }

    private static func pod(_ number: Int) -> [UInt8] {
        bytes("/registry/pods/ns-\(padded(number / 333, 3))/pod-\(padded(number, 7))")
    }

    private static var kubernetesKeys: [[UInt8]] {
        let kinds = ["configmaps", "events", "leases/kube-node-lease", "pods", "secrets", "services/specs"]
        var keys: [[UInt8]] = []
        for (index, kind) in kinds.enumerated() {
            for number in 0..<(index * index * 300 + 3) {
                let name = String(UInt64(number) &* 2_654_435_761, radix: 36)
                keys.append(bytes("/registry/\(kind)/ns-\(number % 37)/\(name)"))
            }
        }
        return keys
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) }
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }
}
