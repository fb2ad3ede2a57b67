import Glibc
import Synchronization

/// A cluster of real etcd processes on free loopback ports, for one test.
///
/// Prefer `withRealEtcd`, which ends it in all cases. The kernel kills the members should the test process die.
public final class RealEtcd: Sendable {
    /// The release that the members were started with.
    public let version: Version
    /// Files of a TLS cluster.
    public let tls: TLS?
    private let directory: TemporaryDirectory
    private let initialCluster: String
    private let extraArguments: [String]
    private let environment: [String: String]
    private let state: Mutex<[Member]>

    private init(
        count: Int, version: Version, tls: TLS?, extraArguments: [String], environment: [String: String]
    ) throws {
        guard let binaries = version.directory else {
            throw TestSupportError("\(version) is not installed: run scripts/setup and scripts/fetch-companions.")
        }
        let directory = try TemporaryDirectory("etcd")
        let scheme = tls == nil ? "http" : "https"
        let members = try (0..<count).map { index in
            let ports = try FreePort.next(tls == nil ? 2 : 3)
            return Member(
                index: index, name: "m\(index)", clientURL: "\(scheme)://127.0.0.1:\(ports[0])",
                peerURL: "\(scheme)://127.0.0.1:\(ports[1])", clientPort: ports[0], peerPort: ports[1],
                healthPort: ports.count > 2 ? ports[2] : ports[0], dataDirectory: directory.file("m\(index)"),
                logFile: directory.file("m\(index).log"), binaryDirectory: binaries)
        }
        self.version = version
        self.tls = tls
        self.directory = directory
        self.extraArguments = extraArguments
        self.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { given, _ in given }
        initialCluster = members.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ",")
        state = Mutex(members)
    }

    /// Starts a cluster and waits until every member says that it is healthy.
    ///
    /// `quota` and `snapshotCount` give the flags `--quota-backend-bytes` and `--snapshot-count`, `extraArguments`
    /// further flags for every member, `environment` further variables. With `snapshot` the members begin with what that
    /// file holds. A failure tells the last log lines of every member.
    public static func start(
        members: Int = 1, version: Version = .v3_4, tls: TLS? = nil, quota: Int? = nil, snapshotCount: Int? = nil,
        extraArguments: [String] = [], environment: [String: String] = [:], snapshot: String? = nil,
        timeout: Duration = .seconds(60)
    ) async throws -> RealEtcd {
        var arguments = extraArguments
        if let quota { arguments += ["--quota-backend-bytes", "\(quota)"] }
        if let snapshotCount { arguments += ["--snapshot-count", "\(snapshotCount)"] }
        let cluster = try RealEtcd(
            count: members, version: version, tls: tls, extraArguments: arguments, environment: environment)
        do {
            if let snapshot { try await cluster.restore(snapshot) }
            for index in 0..<members { try await cluster.launch(index) }
            try await cluster.waitUntilHealthy(timeout: timeout)
            return cluster
        } catch {
            let logs = cluster.logTails()
            print("RealEtcd did not start: \(error)\n\(logs)")
            try? await cluster.stopAll()  // The first error is the one to tell.
            throw TestSupportError("RealEtcd did not start: \(error)\n\(logs)")
        }
    }

    /// The members as they are now.
    public var members: [Member] { state.withLock { $0 } }

    /// The client URLs of all members.
    public var endpoints: [String] { members.map(\.clientURL) }

    /// A directory of this cluster for whatever the test needs; removed at the end.
    public var scratchDirectory: String { directory.path }

    /// Starts a stopped member on its old data.
    ///
    /// `version` changes its binary. Does not wait for health.
    public func launch(_ index: Int, version: Version? = nil) async throws {
        let member = members[index]
        guard member.process?.isRunning != true else {
            throw TestSupportError("Member \(member.name) runs already.")
        }
        let binaries = version?.directory ?? member.binaryDirectory
        let process = try await ChildProcess.start(
            "\(binaries)/etcd", arguments(of: member, binaries), environment: environment, output: member.logFile)
        state.withLock {
            $0[index].process = process
            $0[index].pid = process.pid
            $0[index].binaryDirectory = binaries
        }
    }

    /// SIGKILL, and waits until the process is gone.
    public func kill(_ index: Int) async throws {
        guard let process = members[index].process else { return }
        process.signal(SIGKILL)
        try await process.waitForExit()
        state.withLock { $0[index].pid = nil }
    }

    /// SIGTERM, and waits until the process is gone; SIGKILL when it takes too long.
    public func stop(_ index: Int) async throws {
        guard let process = members[index].process else { return }
        try await process.end()
        state.withLock { $0[index].pid = nil }
    }

    /// Stops a member when it runs, starts it on the same data and waits until it is healthy.
    public func restart(_ index: Int, version: Version? = nil, timeout: Duration = .seconds(60)) async throws {
        try await stop(index)
        try await launch(index, version: version)
        try await waitUntilHealthy([index], timeout: timeout)
    }

    /// Freezes a member: its sockets stay open and nothing answers.
    public func pause(_ index: Int) { members[index].process?.signal(SIGSTOP) }

    /// Lets a frozen member go on.
    public func resume(_ index: Int) { members[index].process?.signal(SIGCONT) }

    /// Ends all members by their process numbers, waits until they are gone and removes their data.
    public func stopAll() async throws {
        for member in members { member.process?.signal(SIGKILL) }
        for member in members { try await kill(member.index) }
        removeTree(directory.path)
    }

    /// Waits until the given members (all when nil) say that they are healthy, which needs a leader.
    public func waitUntilHealthy(_ indices: [Int]? = nil, timeout: Duration = .seconds(60)) async throws {
        for member in members where indices?.contains(member.index) ?? true {
            try await eventually("\(member.name) at \(member.clientURL) is healthy", timeout: timeout) {
                guard isRunning(member.index) else { return true }
                return try await isHealthy(member.index)
            }
            guard isRunning(member.index) else { throw TestSupportError("Member \(member.name) has exited.") }
        }
    }

    /// Whether a member's process is there.
    public func isRunning(_ index: Int) -> Bool { members[index].process?.isRunning ?? false }

    /// Whether a member's `/health` says true now.
    public func isHealthy(_ index: Int) async throws -> Bool {
        let answer = try await LoopbackHTTP.get(port: members[index].healthPort, path: "/health")
        return answer.status == 200 && answer.body.contains(#""health":"true""#)
    }

    /// Runs `etcdctl` (API version 3) against all members and returns standard output; a failure throws its errors.
    @discardableResult
    public func etcdctl(_ arguments: String..., endpoint: Int? = nil, timeout: Duration = .seconds(30)) async throws
        -> String
    {
        let targets = endpoint.map { [endpoints[$0]] } ?? endpoints
        let flags = ["--endpoints", targets.joined(separator: ",")] + (tls?.clientArguments ?? [])
        let result = try await ChildProcess.run(
            "\(members[0].binaryDirectory)/etcdctl", flags + arguments,
            environment: [
                "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                "PATH": "/usr/bin:/bin",
            ], timeout: timeout)
        guard result.status == 0 else {
            throw TestSupportError("etcdctl \(arguments) exited with \(result.status): \(result.errors)")
        }
        return result.output
    }

    private func restore(_ snapshot: String) async throws {
        for member in members {
            let result = try await ChildProcess.run(
                "\(member.binaryDirectory)/etcdctl",
                [
                    "snapshot", "restore", snapshot, "--data-dir", member.dataDirectory, "--name", member.name,
                    "--initial-cluster", initialCluster, "--initial-cluster-token", "token-\(members[0].peerPort)",
                    "--initial-advertise-peer-urls", member.peerURL,
                ],
                environment: [
                    "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                    "PATH": "/usr/bin:/bin",
                ], timeout: .seconds(60))
            guard result.status == 0 else { throw TestSupportError("The restore failed: \(result.errors)") }
        }
    }

    /// The last lines that each member logged, for messages.
    public func logTails(lines: Int = 15) -> String {
        members.map { member in
            let tail = (readTextFile(member.logFile) ?? "").split(separator: "\n").suffix(lines)
            return "--- \(member.name), pid \(member.process?.pid ?? 0)\n\(tail.joined(separator: "\n"))"
        }.joined(separator: "\n")
    }

    private func arguments(of member: Member, _ binaries: String) -> [String] {
        var arguments = [
            "--name", member.name, "--data-dir", member.dataDirectory,
            "--listen-client-urls", member.clientURL, "--advertise-client-urls", member.clientURL,
            "--listen-peer-urls", member.peerURL, "--initial-advertise-peer-urls", member.peerURL,
            "--initial-cluster", initialCluster, "--initial-cluster-token", "token-\(members[0].peerPort)",
            "--initial-cluster-state", "new", "--logger", "zap", "--log-outputs", "stderr",
        ]
        if binaries != Version.v3_4.directory { arguments.append("--unsafe-no-fsync") }
        if let tls {
            arguments += tls.serverArguments
            arguments += ["--listen-metrics-urls", "http://127.0.0.1:\(member.healthPort)"]
        }
        return arguments + extraArguments
    }
}

/// Runs `body` with a healthy etcd cluster that is ended and removed afterwards, also when `body` throws.
public func withRealEtcd<Result>(
    members: Int = 1, version: RealEtcd.Version = .v3_4, tls: RealEtcd.TLS? = nil, quota: Int? = nil,
    snapshotCount: Int? = nil, extraArguments: [String] = [], environment: [String: String] = [:],
    snapshot: String? = nil, _ body: (RealEtcd) async throws -> Result
) async throws -> Result {
    let etcd = try await RealEtcd.start(
        members: members, version: version, tls: tls, quota: quota, snapshotCount: snapshotCount,
        extraArguments: extraArguments, environment: environment, snapshot: snapshot)
    do {
        let result = try await body(etcd)
        try await etcd.stopAll()
        return result
    } catch {
        print(etcd.logTails())
        try? await etcd.stopAll()  // The error of the body is the one to tell.
        throw error
    }
}
