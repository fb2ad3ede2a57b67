import Crypto
import Etcd
import Model
import Synchronization
import TestSupport
import Transport

@testable import Archive

/// A member with a backup of its first keys, and a log beside it.
struct LogSource: Sendable {
    let etcd: RealEtcd
    let client: EtcdClient
    let clusterID: UInt64
    let directory: String
    let backups: String
    let snapshot: String
    let base: Int64
    let storage: DirectoryStorage
    let log: ChangeLog
    let archive: BackupArchive

    func recorder(interval: Duration, in other: ChangeLog? = nil) -> ChangeLogRecorder {
        var options = ChangeLogRecorder.Options()
        options.interval = interval
        options.longestPause = .milliseconds(500)
        return ChangeLogRecorder(other ?? log, of: EtcdEndpoints(client), clusterID: clusterID, options: options)
    }

    /// Records until a revision is stored.
    func record(after: Int64, through: Int64, in other: ChangeLog? = nil) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let recorder = recorder(interval: .milliseconds(20), in: other)
            let progress = Mutex<Int64>(0)
            group.addTask { try await recorder.run(after: after) { told in progress.withLock { $0 = told.revision } } }
            try await eventually("revision \(through) is stored", timeout: .seconds(60)) {
                progress.withLock { $0 >= through }
            }
            group.cancelAll()
        }
    }

    func act() async throws {
        let key = { Array("/registry/pods/pod-\(Int.random(in: 0..<20))".utf8) }
        let value = [UInt8](repeating: 120, count: Int.random(in: 0..<500))
        switch Int.random(in: 0..<6) {
        case 0..<3: try await client.put(key(), value)
        case 3: try await client.delete(.key(key()))
        case 4:
            let grant = try await client.leaseGrant(timeToLive: .seconds(600))
            try await client.put(key(), value, lease: .id(grant.id))
            if Bool.random() { try await client.leaseRevoke(grant.id) }
        default:
            let puts = Set((0..<9).map { _ in key() }).map { Transaction.Operation.put(PutRequest($0, value)) }
            try await client.commit(Transaction(then: puts))
        }
    }
}

func withLogSource(
    form: StoredForm = StoredForm(), version: RealEtcd.Version = .v3_4,
    _ body: @Sendable (LogSource) async throws -> Void
) async throws {
    try await withRealEtcd(version: version) { etcd in
        let engine = HTTPEngine()
        defer { engine.shutdown() }
        let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0]))
        for number in 0..<20 { try await client.put("/registry/pods/pod-\(number)", "first") }
        let directory = etcd.scratchDirectory
        let snapshot = "\(directory)/base.db"
        try await etcd.etcdctl("snapshot", "save", snapshot)
        let storage = try DirectoryStorage(path: "\(directory)/backups")
        try await body(
            LogSource(
                etcd: etcd, client: client, clusterID: try await client.status().header.clusterID, directory: directory,
                backups: "\(directory)/backups", snapshot: snapshot,
                base: try DatabaseFile(path: snapshot).summary().revision,
                storage: storage,
                log: ChangeLog(
                    of: orders, in: storage, form: form, keys: form.key.map { BackupKeyring($0, source: "test") }),
                archive: BackupArchive(storage: storage)))
    }
}
