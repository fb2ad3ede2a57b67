import Etcd
import Replication
import Synchronization
import TestSupport
import Testing
import Transport

private let copyEngine = HTTPEngine(name: "copy-tests")

/// The bytes of a text, for keys and values.
func text(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

/// A source and a destination.
struct CopyEnds: Sendable {
    let source: RealEtcd
    let destination: RealEtcd

    /// The source as it is read, perhaps through a proxy's port.
    func from(port: Int? = nil) throws -> EtcdEndpoints { try Self.endpoints(source, port) }
    /// The destination as it is written, perhaps through a proxy's port.
    func to(port: Int? = nil) throws -> EtcdEndpoints { try Self.endpoints(destination, port) }

    private static func endpoints(_ etcd: RealEtcd, _ port: Int?) throws -> EtcdEndpoints {
        let urls = port.map { ["http://127.0.0.1:\($0)"] } ?? etcd.endpoints
        let clients = try urls.map { EtcdClient(engine: copyEngine, endpoint: try Endpoint(url: $0)) }
        return EtcdEndpoints(clients[0], Array(clients.dropFirst()))
    }

    /// Starts both.
    static func with<Result>(
        from: RealEtcd.Version = .v3_4, to: RealEtcd.Version = .v3_4, _ body: (CopyEnds) async throws -> Result
    ) async throws -> Result {
        try await withRealEtcd(version: from) { source in
            try await withRealEtcd(version: to) { destination in
                try await body(CopyEnds(source: source, destination: destination))
            }
        }
    }

    /// The releases of source and destination that can be tested here.
    static var versions: [(RealEtcd.Version, RealEtcd.Version)] {
        [(.v3_4, .v3_4), (.v3_4, .v3_5), (.v3_5, .v3_4)].filter { $0.directory != nil && $1.directory != nil }
    }

    /// What is at the source and what is at the destination, each read in its own way, without what is ours.
    func contents(_ prefix: String = "", target: String? = nil) async throws -> (
        source: [[UInt8]: Content], destination: [[UInt8]: Content]
    ) {
        (
            try await Self.contents(from().preferred, prefix),
            try await Self.contents(to().preferred, target ?? prefix)
        )
    }

    /// What a key holds, without its revisions.
    struct Content: Hashable, Sendable {
        let value: [UInt8]
        let lease: Int64
    }

    private static func contents(_ client: EtcdClient, _ prefix: String) async throws -> [[UInt8]: Content] {
        let own = text("lodestone.dev/migrations/")
        var found: [[UInt8]: Content] = [:]
        for pair in try await client.range(RangeRequest(.prefix(prefix))).keyValues where !pair.key.starts(with: own) {
            found[Array(pair.key.dropFirst(prefix.utf8.count))] = Content(value: pair.value, lease: pair.lease)
        }
        return found
    }
}

/// What a copy that runs beside the test reports.
final class CopyWitness: Sendable {
    private struct State {
        var progress = CopyProgress()
        var phases: [CopyProgress.Phase] = []
        var failure: (any Error)?
        var isOrdered = true
    }

    private let state = Mutex(State())

    /// The last report.
    var progress: CopyProgress { state.withLock { $0.progress } }
    /// The phases it went through.
    var phases: [CopyProgress.Phase] { state.withLock { $0.phases } }
    /// Whether `applied` never went back.
    var isOrdered: Bool { state.withLock { $0.isOrdered } }

    func note(_ progress: CopyProgress) {
        state.withLock { state in
            if progress.applied < state.progress.applied { state.isOrdered = false }
            if state.phases.last != progress.phase { state.phases.append(progress.phase) }
            state.progress = progress
        }
    }

    func fail(_ error: any Error) {
        state.withLock { $0.failure = error }
    }

    /// Waits until a report satisfies a condition; a copy that has failed ends the waiting.
    func wait(
        _ what: String, timeout: Duration = .seconds(Soak.isLong ? 300 : 40),
        _ condition: @Sendable (CopyProgress) -> Bool
    ) async throws {
        try await eventually(what, timeout: timeout, poll: .milliseconds(2)) {
            if state.withLock({ $0.failure != nil }) || condition(progress) { return true }
            throw TestSupportError("The last report is \(progress).")
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Waits until everything up to the source's newest revision is applied.
    func waitUntilEqual(_ ends: CopyEnds, timeout: Duration = .seconds(Soak.isLong ? 300 : 40)) async throws {
        let revision = try await ends.from().preferred.get("nothing-is-here") == nil ? head(ends) : 0
        try await wait("revision \(revision) is applied", timeout: timeout) { $0.applied >= revision }
    }

    private func head(_ ends: CopyEnds) async throws -> Int64 {
        try await ends.from().preferred.range(RangeRequest(.key("nothing-is-here"))).header.revision
    }
}

/// Runs a copy beside `body` and ends it afterwards, as a process is ended.
func whileCopying<Result>(
    _ replication: CopyReplication, _ body: (CopyWitness) async throws -> Result
) async throws -> Result {
    let witness = CopyWitness()
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            do {
                try await replication.run { witness.note($0) }
            } catch {
                witness.fail(error)
            }
        }
        defer { group.cancelAll() }
        return try await body(witness)
    }
}
