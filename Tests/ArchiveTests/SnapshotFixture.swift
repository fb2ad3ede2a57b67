import Archive
import TestSupport

/// A snapshot of a small etcd 3.4 cluster with some history, made once for all tests of this module.
actor SnapshotFixture {
    static let shared = SnapshotFixture()

    private var made: Result<Snapshot, any Error>?
    private var isMaking = false

    /// A snapshot and what the server said when it was taken.
    struct Snapshot {
        var bytes: [UInt8]
        var revision: Int64
        var liveKeys: Int64
    }

    func snapshot() async throws -> Snapshot {
        if isMaking {
            try await eventually("another test has made the snapshot", timeout: .seconds(60)) { made != nil }
        } else {
            isMaking = true
            do {
                made = .success(try await make())
            } catch {
                made = .failure(error)
            }
        }
        guard let made else { throw TestSupportError("there is no snapshot") }
        return try made.get()
    }

    private func make() async throws -> Snapshot {
        try await withRealEtcd { etcd in
            for round in 0..<3 {
                for key in 0..<10 { try await etcd.etcdctl("put", "key-\(key)", "value \(round)") }
            }
            try await etcd.etcdctl("put", "large", String(repeating: "x", count: 100_000))
            try await etcd.etcdctl("del", "key-9")
            try await etcd.etcdctl("compact", "12")
            let path = "\(etcd.scratchDirectory)/snapshot.db"
            try await etcd.etcdctl("snapshot", "save", path)
            return Snapshot(bytes: try readFile(path), revision: 33, liveKeys: 10)
        }
    }
}

/// A piece of a snapshot that a test made up.
struct TestPiece: SnapshotPiece {
    var bytes: [UInt8]
    var remainingBytes: UInt64

    var byteCount: Int { bytes.count }

    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.span.withUnsafeBytes(body)
    }
}

/// How a stream of pieces ends.
enum StreamEnd {
    case normally
    case with(any Error)
    /// The stream stays open and says nothing more.
    case never
    /// The stream stays open and sends pieces without bytes, as etcd does when its disk fails.
    case inEmptyPieces
}

/// The pieces a server would send of these bytes.
func pieces(
    of bytes: [UInt8], upTo count: Int? = nil, size: Int = 32_768, isSizeKnown: Bool = true, end: StreamEnd = .normally
) -> AsyncThrowingStream<TestPiece, any Error> {
    AsyncThrowingStream { continuation in
        var offset = 0
        let limit = count ?? bytes.count
        while offset < limit {
            let next = min(limit, offset + size)
            let remaining = isSizeKnown ? UInt64(max(0, bytes.count - 32 - next)) : 0
            continuation.yield(TestPiece(bytes: Array(bytes[offset..<next]), remainingBytes: remaining))
            offset = next
        }
        switch end {
        case .normally: continuation.finish()
        case .with(let error): continuation.finish(throwing: error)
        case .never: break
        case .inEmptyPieces: for _ in 0..<1000 { continuation.yield(TestPiece(bytes: [], remainingBytes: 1)) }
        }
    }
}

let orders = ClusterIncarnation(namespace: "default", name: "orders", incarnation: "8e9e05c5")

/// etcd's identity of the cluster that the tests back up.
let clusterID = "cdf818a4"

let origin = BackupPipeline.Origin(
    clusterID: 0xCDF8_18A4, memberName: "orders-0", memberID: 0x8E9E_05C5, endpoint: "http://127.0.0.1:2379",
    etcdVersion: "3.4.23")

/// The paths of all files below a directory, hidden ones included, without the directory's own.
func tree(_ root: String) -> [String] {
    directoryEntries(root).flatMap { name in
        let below = tree("\(root)/\(name)")
        return below.isEmpty ? [name] : below.map { "\(name)/\($0)" }
    }
}
