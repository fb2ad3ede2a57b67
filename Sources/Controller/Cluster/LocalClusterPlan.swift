import Model

/// What to do next for a cluster whose members are processes on this machine: one action, from what is there.
enum LocalClusterAction: Equatable {
    /// Give the cluster an incarnation, and its members names and ports; nothing is started yet.
    case plan(size: Int)
    /// See to it that these members' processes run.
    case run([String])
    /// A person must change something first.
    case refuse(reason: String, message: String)
}

/// What is there of a member.
struct LocalMemberView: Equatable {
    /// What its data directory holds.
    enum Data: Equatable {
        /// No data: the member never ran, or its data is gone.
        case absent
        /// Data of this incarnation of the cluster.
        case present
        /// Data of something else; the text says of what.
        case foreign(String)
    }

    var name: String
    var isRunning: Bool
    var data: Data
}

/// The rules by which a Local cluster comes into being and is kept running.
///
/// A data directory is only ever started empty while the cluster has not formed. Once it has, an empty directory is a
/// loss: a member started on it under its old identity would vote for writes it no longer has, and acknowledged writes
/// could vanish.
enum LocalClusterPlan {
    static func next(
        for cluster: EtcdCluster, members: [LocalMemberView]
    ) -> (action: LocalClusterAction?, refused: [String: String]) {
        let status = cluster.status
        guard !status.incarnation.isEmpty, !status.members.isEmpty else {
            return (.plan(size: cluster.spec.size ?? 3), [:])
        }
        let isFormed = !status.clusterID.isEmpty
        var refused: [String: String] = [:]
        for member in members where !member.isRunning {
            switch member.data {
            case .foreign(let what): refused[member.name] = what
            case .absent where isFormed:
                refused[member.name] =
                    "its data is gone; a member started empty under its old name could lose acknowledged writes, "
                    + "so it is not started: put its data directory back, or restore the cluster from a backup"
            default: break
            }
        }
        let startable = members.filter { refused[$0.name] == nil }.map(\.name)
        if startable.isEmpty, let first = refused.sorted(by: { $0.key < $1.key }).first {
            return (.refuse(reason: "DataMissing", message: "\(first.key): \(first.value)"), refused)
        }
        return (startable.isEmpty ? nil : .run(startable), refused)
    }
}
