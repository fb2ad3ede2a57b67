import Etcd
import Replication
import Synchronization
import TestSupport
import Testing
import Transport

/// A v2 store, a destination, and a replication between them that is run and killed.
struct LegacyFixture {
    static let engine = HTTPEngine(name: "legacy-tests")

    let source: RealEtcd
    let target: RealEtcd
    let store: LegacyStore
    let destination: EtcdEndpoints
    var mapping = LegacyMapping.everything
    var options = LegacyReplication.Options()
    var credentials: EtcdCredentials?
    /// The port that the replication asks instead of the source's.
    var proxyPort: Int?
    let progress = LatestProgress()

    /// What was reported last.
    final class LatestProgress: Sendable {
        private let state = Mutex(LegacyProgress())
        private let error = Mutex<(any Error)?>(nil)

        var value: LegacyProgress { state.withLock { $0 } }
        var failure: (any Error)? { error.withLock { $0 } }

        func reset() {
            set(LegacyProgress())
            error.withLock { $0 = nil }
        }

        func set(_ progress: LegacyProgress) { state.withLock { $0 = progress } }

        func fail(_ failure: any Error) { error.withLock { $0 = failure } }
    }

    var client: LegacyClient {
        get throws {
            let urls = proxyPort.map { ["http://127.0.0.1:\($0)"] } ?? source.endpoints
            let endpoints = try urls.map { try Endpoint(url: $0) }
            return LegacyClient(
                engine: Self.engine, endpoints[0], Array(endpoints.dropFirst()), credentials: credentials)
        }
    }

    var replication: LegacyReplication {
        get throws {
            LegacyReplication(
                name: "test", source: try client, destination: destination, mapping: mapping, options: options)
        }
    }

    /// Starts both ends.
    static func with(
        members: Int = 1, version: RealEtcd.Version = .v3_4, _ body: (inout LegacyFixture) async throws -> Void
    ) async throws {
        try await withRealEtcd(members: members, extraArguments: LegacyStore.arguments) { source in
            try await withRealEtcd(version: version) { target in
                let client = EtcdClient(engine: engine, endpoint: try Endpoint(url: target.endpoints[0]))
                var fixture = LegacyFixture(
                    source: source, target: target, store: try LegacyStore(engine: engine, url: source.endpoints[0]),
                    destination: EtcdEndpoints(client))
                try await body(&fixture)
            }
        }
    }

    /// Runs the replication while `body` runs, and kills it then.
    func running(_ body: () async throws -> Void) async throws {
        let (replication, progress) = (try replication, progress)
        progress.reset()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await Self.run(replication, progress) }
            do {
                try await body()
            } catch {
                // If the engine has failed, that is the cause.
                throw progress.failure ?? error
            }
            if let failure = progress.failure { throw failure }
        }
    }

    private static func run(_ replication: LegacyReplication, _ progress: LatestProgress) async {
        do {
            try await replication.run { progress.set($0) }
        } catch is CancellationError {
            return
        } catch {
            progress.fail(error)
        }
    }

    /// Waits until everything that the source has now is at the destination.
    func caughtUp() async throws {
        let index = try await client.index(isQuorum: true).index
        try await eventually("index \(index) is applied, at \(progress.value)", timeout: .seconds(30)) {
            progress.failure != nil || (progress.value.phase == .tail && progress.value.applied >= index)
        }
        if let failure = progress.failure { throw failure }
    }

    /// Compares both ends.
    func expectEqual(keys: Int? = nil, _ location: SourceLocation = #_sourceLocation) async throws {
        let result = try await replication.compare()
        #expect(result.isEqual, "\(result.differences.prefix(5))", sourceLocation: location)
        if let keys { #expect(result.keys == keys, sourceLocation: location) }
    }

    /// The value of a key of the destination, as text.
    func value(_ key: String) async throws -> String? { try await destination.preferred.get(key)?.valueText }

    /// How many keys the destination has, without what the migration keeps.
    func count(_ prefix: String = "/") async throws -> Int64 { try await destination.preferred.count(.prefix(prefix)) }
}
