import Archive
import Glibc
import Model
import Nodes
import Observers

extension LocalProvider {
    /// The largest request that a member takes while a migration fills it, in bytes.
    static let fencedRequestSize = 64 << 20

    /// Client URLs for the time until the members are proven, on ports that nobody was told.
    ///
    /// - Throws: `AccessProblem` where no ports are left.
    func planFence(of cluster: EtcdCluster) throws(AccessProblem) -> [String: String] {
        let members = cluster.plannedMembers
        let allocated: [Int]
        do {
            allocated = try ports.allocate(members.count)
        } catch {
            throw AccessProblem(reason: "PortsExhausted", description: error.description)
        }
        return Dictionary(
            uniqueKeysWithValues: zip(members.map(\.name), allocated.map { "http://\(options.address):\($0)" }))
    }

    /// Gives back the ports of a fence.
    func release(fence: [String: String]) {
        ports.release(fence.values.compactMap { $0.split(separator: ":").last.flatMap { Int($0) } })
    }

    /// Where the copy of the backup lies while members are made of it.
    nonisolated func stagingDirectory(of cluster: EtcdCluster) -> String {
        "\(root.path)/.restore/\(cluster.metadata.uid)"
    }

    /// The copy of the backup.
    nonisolated func snapshotPath(of cluster: EtcdCluster) -> String { "\(stagingDirectory(of: cluster))/snapshot.db" }

    /// Makes an empty directory for the copy of the backup; what an interrupted attempt left there goes.
    func makeStaging(of cluster: EtcdCluster) async throws(NodeError) {
        try await supervisor.makeEmptyDirectory(stagingDirectory(of: cluster))
    }

    /// Removes the copy of the backup.
    func removeStaging(of cluster: EtcdCluster) async throws(NodeError) {
        try await supervisor.removeDirectory(stagingDirectory(of: cluster))
        rmdir("\(root.path)/.restore")  // Stays while other restores are under way, which is what is wanted.
    }

    /// Refuses a restore for which there is not enough room: a copy of the backup, and for each member the database and
    /// what etcd itself allocates.
    nonisolated func requireRoom(for cluster: EtcdCluster, backupSize: Int, isReplayed: Bool) throws(NodeError) {
        let members = cluster.plannedMembers.count
        let needed = backupSize * (members + (isReplayed ? 2 : 1)) + members * FileSystemSpace.memberOverhead
        let available = try FileSystemSpace.at(root.path).available
        guard available >= needed else {
            throw .insufficientSpace(directory: root.path, available: available, needed: needed)
        }
    }

    /// The ways to make every member's data directory of the copy of the backup.
    ///
    /// - Throws: `AccessProblem` or `NodeError` where etcd or its tool is missing.
    func restores(of cluster: EtcdCluster) async throws -> [DataDirectoryRestore] {
        let binary = try await binary(for: cluster)
        let tool = try RestoreTool(beside: binary)
        return try cluster.plannedMembers.map { member in
            DataDirectoryRestore(
                spec: try spec(of: member, in: cluster, binary), snapshot: snapshotPath(of: cluster), tool: tool)
        }
    }

    /// The databases of the members, with the figures they must have.
    func databases(of cluster: EtcdCluster, _ figures: RestoredDatabase.Figures) throws -> [RestoredDatabase] {
        try cluster.plannedMembers.map { member in
            let path = DataDirectoryRestore.database(in: try directory(of: member, in: cluster))
            return RestoredDatabase(member: member.name, path: path, expected: figures)
        }
    }

    /// Puts away what the members hold, so that they can be made anew; their homes are made again by whoever does.
    func putAside(_ cluster: EtcdCluster, reason: String) async throws {
        try await stop(cluster)
        for member in cluster.plannedMembers {
            _ = try quarantine.take(
                try directory(of: member, in: cluster), reason: reason, actor: "lodestone controller")
        }
    }

    /// Sees to it that every member runs behind the fence: it listens for clients on, and advertises, a URL that nobody
    /// was told, and compacts nothing by itself.
    func runFenced(_ cluster: EtcdCluster, _ fence: [String: String]) async throws {
        reserve(cluster)
        let binary = try await binary(for: cluster)
        for member in cluster.plannedMembers {
            var spec = try self.spec(of: member, in: cluster, binary)
            guard let url = fence[member.name] else { continue }
            spec.clientURL = url
            spec.extraArguments = spec.extraArguments.filter { !$0.key.hasPrefix("auto-compaction") }
            if cluster.spec.restore?.migrationRef != nil {
                // One processor and requests in the order they come: twice the speed of a replay. The conditions that
                // each replayed revision carries make a request larger than the one it repeats.
                spec.processors = 1
                spec.extraArguments["max-request-bytes"] = "\(Self.fencedRequestSize)"
                spec.extraArguments["max-txn-ops"] = "100000"
            }
            await supervisor.ensureRunning(spec)
        }
    }
}
