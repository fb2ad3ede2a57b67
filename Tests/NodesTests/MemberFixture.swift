import Glibc
import Nodes
import TestSupport
import Testing

/// A member that a test can start through the code under test, on free ports in a directory of its own.
///
/// The directory's end kills whatever still runs in it.
struct MemberFixture {
    let root: TemporaryDirectory
    var spec: MemberSpec
    let clientPort: Int
    let peerPort: Int

    init(
        _ name: String = "m0", version: RealEtcd.Version = .v3_4, root: TemporaryDirectory? = nil, home: String? = nil
    ) throws {
        let root = try root ?? TemporaryDirectory("nodes")
        let ports = try FreePort.next(2)
        (self.root, clientPort, peerPort) = (root, ports[0], ports[1])
        spec = try Self.spec(home: home ?? root.file(name), clientPort: ports[0], peerPort: ports[1], name: name)
        spec.binary = "\(try #require(version.directory))/etcd"
    }

    /// A member alone in its cluster; from plain values, so that an exit test can make the same one.
    static func spec(home: String, clientPort: Int, peerPort: Int, name: String = "m0") throws -> MemberSpec {
        let peerURL = "http://127.0.0.1:\(peerPort)"
        return MemberSpec(
            identity: MemberIdentity(cluster: "team/orders", clusterUID: "uid-1", incarnation: "inc-1", member: name),
            binary: "/usr/bin/etcd", directory: try MemberDirectory(home), clientURL: "http://127.0.0.1:\(clientPort)",
            peerURL: peerURL, initialCluster: [.init(name: name, url: peerURL)])
    }

    var directory: MemberDirectory { spec.directory }

    /// The numbers of the etcd processes on this member's directory, by looking at what runs.
    var pids: [Int32] { runningMembers(under: directory.path) }

    func waitUntilHealthy() async throws {
        try await eventually("\(spec.identity) is healthy", timeout: .seconds(30)) {
            try await LoopbackHTTP.get(port: clientPort, path: "/health").body.contains(#""health":"true""#)
        }
    }

    @discardableResult
    func etcdctl(_ arguments: String...) async throws -> String {
        let result = try await ChildProcess.run(
            "/usr/bin/etcdctl", ["--endpoints", spec.clientURL] + arguments,
            environment: ["ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s"])
        guard result.status == 0 else { throw TestSupportError("etcdctl \(arguments): \(result.errors)") }
        return result.output
    }
}

/// A supervisor whose `run` goes on while `body` does, and every change it tells.
func withSupervisor<Result: Sendable>(
    backoff: RestartBackoff = RestartBackoff(initial: .milliseconds(100), limit: .seconds(2)),
    _ body: (MemberSupervisor, ChangeLog) async throws -> Result
) async throws -> Result {
    let supervisor = MemberSupervisor(backoff: backoff)
    let log = ChangeLog()
    // Both are cancelled and awaited when this scope is left.
    async let _: Void = supervisor.run()
    async let _: Void = log.follow(supervisor.changes)
    return try await body(supervisor, log)
}

/// The changes that a supervisor told, with the moment each was heard.
actor ChangeLog {
    private(set) var changes: [(change: MemberChange, heard: ContinuousClock.Instant)] = []

    func follow(_ stream: AsyncStream<MemberChange>) async {
        for await change in stream { changes.append((change, .now)) }
    }

    /// The first state told that `matches` accepts, awaited.
    func first(
        _ what: String, timeout: Duration = .seconds(20), where matches: @Sendable (MemberState) -> Bool
    ) async throws -> MemberState {
        try await eventually(what, timeout: timeout, poll: .milliseconds(5)) {
            changes.first { matches($0.change.state) }?.change.state
        }
    }
}
