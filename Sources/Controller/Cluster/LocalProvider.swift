import ControllerRuntime
import Glibc
public import Model
public import Nodes
import Observers
import Store

/// Runs the members of Local clusters as processes of this machine.
///
/// What decides about a member's data (that a directory is never used by two processes, never used for another cluster,
/// and never started empty after it has held data) stands in `Nodes`, next to the files; here stands what a cluster
/// is made of.
public actor LocalProvider {
    /// Where and how members run.
    public struct Options: Sendable {
        /// The directory of all members' homes and of the quarantine; absolute.
        public var root: String
        /// Directories to look for etcd binaries in, as `<directory>/<version>/etcd`, before the usual ones.
        public var binaries: [String]
        /// The ports members listen on.
        public var ports: ClosedRange<Int>
        /// The address members listen on.
        public var address: String

        /// Creates options.
        public init(
            root: String, binaries: [String] = [], ports: ClosedRange<Int> = 23790...24789,
            address: String = "127.0.0.1"
        ) {
            self.root = root
            self.binaries = binaries
            self.ports = ports
            self.address = address
        }
    }

    /// A member's process as the status shows it.
    struct ProcessView: Equatable, Sendable {
        /// How the process fares; nil where it runs and only a probe can tell more.
        var phase: MemberPhase?
        var pid: Int64?
        var startTime: Timestamp?
        /// How often the process ended by itself since this was last asked.
        var newRestarts: Int64
        var message: String
    }

    /// A process younger than this that does not serve is starting, not unhealthy.
    private static let startGrace = Duration.seconds(30)
    /// How long a member may take to end before it is killed; etcd flushes and hands over leadership meanwhile.
    private static let stopGrace = Duration.seconds(15)

    /// Changes of members' processes as they happen, for one consumer.
    public nonisolated var changes: AsyncStream<MemberChange> { supervisor.changes }

    /// Keeps the processes running; has a task of its own.
    public nonisolated let supervisor: MemberSupervisor
    let options: Options
    let root: MemberDirectory
    let quarantine: Quarantine
    let ports: PortAllocator
    let binaries: EtcdBinaries
    private var restarts: [MemberDirectory: Int64] = [:]
    /// Plans that may not be on record yet, by the record's identity: a pass whose end was not stored plans again.
    var planned: [String: (incarnation: String, members: [MemberStatus])] = [:]

    /// Creates a provider that has looked at nothing yet.
    public init(options: Options) throws(NodeError) {
        self.options = options
        root = try MemberDirectory(options.root)
        quarantine = Quarantine(root: root)
        ports = PortAllocator(range: options.ports, address: options.address)
        binaries = EtcdBinaries(directories: options.binaries)
        supervisor = MemberSupervisor()
    }

    /// Notes the ports that a cluster's record names, so that no other cluster gets them.
    public func reserve(_ cluster: EtcdCluster) {
        ports.reserve(Self.ports(of: cluster))
    }

    /// A token, names and ports for a new cluster.
    ///
    /// - Throws: `AccessProblem` where the version is not installed or no ports are left.
    func plan(_ cluster: EtcdCluster) async throws -> (incarnation: String, members: [MemberStatus]) {
        _ = try await binary(for: cluster)
        if let plan = planned[cluster.metadata.uid] { return plan }
        let members = try planMembers(of: cluster)
        let nonce = String(UInt64.random(in: 0 ... .max), radix: 36)
        let plan = ("\(cluster.metadata.namespace)-\(cluster.metadata.name)-\(nonce)", members)
        planned[cluster.metadata.uid] = plan
        return plan
    }

    /// Gives back the ports of a plan that was never written down because its record was deleted meanwhile.
    func forgetPlan(ofClusterWith uid: String) {
        guard let plan = planned.removeValue(forKey: uid) else { return }
        ports.release(Self.ports(of: plan.members))
    }

    /// Sees to it that every member's process runs.
    ///
    /// - Throws: `AccessProblem` where the version is not installed and a member would have to be started.
    func run(_ cluster: EtcdCluster) async throws {
        reserve(cluster)
        planned[cluster.metadata.uid] = nil
        let binary = try await binary(for: cluster)
        for member in cluster.plannedMembers {
            let spec = try spec(of: member, in: cluster, binary)
            await supervisor.ensureRunning(spec)
        }
    }

    /// Looks after the members of a paused cluster without starting any.
    func leaveAlone(_ cluster: EtcdCluster) async throws {
        reserve(cluster)
        // A program that is missing is no matter of a cluster of which nothing is started.
        let binary = (try? await binary(for: cluster)) ?? EtcdBinary(path: "", version: "")
        for member in cluster.plannedMembers {
            await supervisor.leaveAlone(try spec(of: member, in: cluster, binary))
        }
    }

    /// What there is of every member's process, by name.
    func processes(of cluster: EtcdCluster) async throws -> [String: ProcessView] {
        var views: [String: ProcessView] = [:]
        for member in cluster.plannedMembers {
            let directory = try directory(of: member, in: cluster)
            let state = await supervisor.observe(directory).state
            var view = view(of: state, restarts: restarts.removeValue(forKey: directory) ?? 0)
            if cluster.spec.paused, view.pid == nil {
                let what = view.message.isEmpty ? "its process does not run" : view.message
                view.message = "\(what); it is not started again while spec.paused is true"
            }
            views[member.name] = view
        }
        return views
    }

    /// Ends all members' processes.
    func stop(_ cluster: EtcdCluster) async throws {
        let directories = try cluster.plannedMembers.map { try directory(of: $0, in: cluster) }
        try await withThrowingTaskGroup { group in
            for directory in directories {
                group.addTask { [supervisor] in
                    try await supervisor.stop(directory, grace: Self.stopGrace, force: true)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Puts the data of a deleted cluster where its policy says, and gives its ports back.
    func putAway(_ cluster: EtcdCluster) throws {
        for member in cluster.plannedMembers {
            let directory = try directory(of: member, in: cluster)
            switch cluster.spec.deletionPolicy {
            case .retain:
                _ = try quarantine.take(
                    directory, reason: "EtcdCluster \(cluster.displayName) was deleted", actor: "lodestone controller")
            case .delete: try quarantine.destroy(directory)
            }
            restarts[directory] = nil
        }
        removeEmptyParents(of: cluster)
        planned[cluster.metadata.uid] = nil
        ports.release(Self.ports(of: cluster))
    }

    /// Removes the directories of the incarnation, the cluster and the namespace, as far as nothing is in them.
    private func removeEmptyParents(of cluster: EtcdCluster) {
        let namespace = "\(root.path)/\(cluster.metadata.namespace)"
        let own = "\(namespace)/\(cluster.metadata.name)"
        for path in ["\(own)/\(cluster.status.incarnation)", own, namespace] {
            // A directory that is not empty stays, which is what is wanted.
            guard rmdir(path) == 0 else { return }
        }
    }

    /// Removes from quarantine what has lain there longer than `age`; returns what went, for the log.
    public func purgeQuarantine(olderThan age: Duration) throws(NodeError) -> [String] {
        try quarantine.purge(olderThan: age).map { "\($0.path) (\($0.reason))" }
    }

    /// Notes that a member's process ended by itself.
    func noteExit(_ change: MemberChange) {
        switch change.state {
        case .exited, .backingOff: restarts[change.directory, default: 0] += 1
        default: break
        }
    }

    // MARK: What a cluster is made of

    func binary(for cluster: EtcdCluster) async throws -> EtcdBinary {
        do throws(NodeError) {
            return try await binaries.find(cluster.spec.version ?? "")
        } catch {
            throw AccessProblem(reason: "VersionMissing", description: "spec.version: \(error)")
        }
    }

    func directory(of member: MemberStatus, in cluster: EtcdCluster) throws(NodeError) -> MemberDirectory {
        let names = [cluster.metadata.namespace, cluster.metadata.name, cluster.status.incarnation, member.name]
        return try MemberDirectory(([root.path] + names).joined(separator: "/"))
    }

    func spec(
        of member: MemberStatus, in cluster: EtcdCluster, _ binary: EtcdBinary
    ) throws(NodeError) -> MemberSpec {
        MemberSpec(
            identity: MemberIdentity(
                cluster: cluster.displayName, clusterUID: cluster.metadata.uid, incarnation: cluster.status.incarnation,
                member: member.name),
            binary: binary.path, directory: try directory(of: member, in: cluster), clientURL: member.endpoint,
            peerURL: member.peerURL,
            initialCluster: cluster.plannedMembers.map { MemberSpec.Peer(name: $0.name, url: $0.peerURL) },
            quotaBytes: cluster.spec.storage.quota.map { Int($0.bytes) }, extraArguments: cluster.spec.args,
            // Once the cluster has formed, an empty directory is a loss and no bootstrap.
            // One made of a backup never begins with an empty directory at all.
            mustHoldData: !cluster.status.clusterID.isEmpty || cluster.spec.restore != nil)
    }

    private func view(of state: MemberState, restarts: Int64) -> ProcessView {
        var view = ProcessView(newRestarts: restarts, message: "")
        switch state {
        case .running(let pid, let since):
            view.pid = Int64(pid)
            view.startTime = since.wholeSeconds
            view.phase = Timestamp.now - since < Self.startGrace ? .starting : nil
        case .stopping(let pid):
            view.pid = Int64(pid)
            view.phase = .stopped
            view.message = "it is being stopped"
        case .stopped: view.phase = .stopped
        case .exited(let exit):
            view.phase = .failed
            view.message = exit.description
        case .backingOff(let until, let failures, let last):
            let wait = max(.zero, until - .now).components.seconds
            view.phase = .backingOff
            view.message = "\(last) Failures in a row: \(failures); next start in \(wait)s"
        case .blocked(let error):
            view.phase = .failed
            view.message = error.description
        }
        return view
    }

    static func ports(of cluster: EtcdCluster) -> [Int] {
        let fence = cluster.status.restore?.fence.values.sorted() ?? []
        return ports(of: cluster.plannedMembers)
            + fence.compactMap { $0.split(separator: ":").last.flatMap { Int($0) } }
    }

    static func ports(of members: [MemberStatus]) -> [Int] {
        members.flatMap { [$0.endpoint, $0.peerURL] }.compactMap { url in
            url.split(separator: ":").last.flatMap { Int($0) }
        }
    }
}
