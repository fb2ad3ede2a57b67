import Model
import Nodes
import Observers

extension LocalProvider {
    /// Names and ports for the members of a cluster.
    ///
    /// - Throws: `AccessProblem` where no ports are left.
    func planMembers(of cluster: EtcdCluster) throws(AccessProblem) -> [MemberStatus] {
        let size = cluster.spec.size ?? 3
        let allocated: [Int]
        do {
            allocated = try ports.allocate(size * 2)
        } catch {
            throw AccessProblem(reason: "PortsExhausted", description: error.description)
        }
        return (0..<size).map { index in
            var member = MemberStatus()
            member.name = "\(cluster.metadata.name)-\(index)"
            member.endpoint = "http://\(options.address):\(allocated[index * 2])"
            member.peerURL = "http://\(options.address):\(allocated[index * 2 + 1])"
            return member
        }
    }

    /// Other ports for a cluster that has not formed, where something else listens on those it was given; nil while
    /// those are free, and for good once any member has held data: then its addresses are part of what the others know.
    ///
    /// - Returns: the ports that are taken, and the members with new ones, to be written down before anything starts.
    /// - Throws: `AccessProblem` where no ports are left.
    func replan(_ cluster: EtcdCluster) async throws -> (taken: [Int], members: [MemberStatus])? {
        guard cluster.status.clusterID.isEmpty, try await isUntouched(cluster) else { return nil }
        let taken = Self.ports(of: cluster).filter { !ports.isFree($0) }
        guard !taken.isEmpty else { return nil }
        // A restart that is being waited for would start a member on its old ports.
        try await stop(cluster)
        guard try await isUntouched(cluster) else { return nil }
        if let plan = planned[cluster.metadata.uid], Self.ports(of: plan.members) != Self.ports(of: cluster) {
            return (taken, plan.members)  // Of a pass whose end was not stored.
        }
        let members = try planMembers(of: cluster)
        ports.release(Self.ports(of: cluster))
        planned[cluster.metadata.uid] = (cluster.status.incarnation, members)
        return (taken, members)
    }

    /// Whether no member has ever held data or is running.
    private func isUntouched(_ cluster: EtcdCluster) async throws -> Bool {
        for member in cluster.plannedMembers {
            let directory = try directory(of: member, in: cluster)
            guard await !supervisor.observe(directory).state.isRunning, !directory.hasHeldData else { return false }
        }
        return true
    }

    /// The versions of etcd that members can run, as their programs tell them.
    func installedVersions() async -> [String] { await binaries.all().map(\.version) }

    /// All members' homes below the data root, whoever they belong to.
    func homes() async throws -> [MemberHome] { try await supervisor.homes(below: root) }
}

extension EtcdCluster {
    /// The members that Lodestone itself planned and runs; the status may show others that somebody else added.
    var plannedMembers: [MemberStatus] { status.members.filter { !$0.peerURL.isEmpty } }
}
