public import ControllerRuntime
import Model
import Nodes
import Store

/// Passes on what happens to members' processes: wakes their cluster and its health inspection at once, and tells it.
public struct MemberWatch: Component {
    /// What it is called in logs.
    public let name = "member watch"
    private let services: ControllerServices

    /// Creates a watch.
    public init(services: ControllerServices) {
        self.services = services
    }

    /// Works until the task is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await services.local.supervisor.run() }
            for await change in services.local.changes {
                await pass(on: change)
            }
            group.cancelAll()
        }
    }

    private func pass(on change: MemberChange) async {
        await services.local.noteExit(change)
        let parts = change.identity.cluster.split(separator: "/").map(String.init)
        guard parts.count == 2 else { return }
        let id = RecordID(EtcdCluster.kind, namespace: parts[0], name: parts[1])
        services.observations.invalidate(change.identity.cluster)
        services.wakeups.wake(id)
        // A record that is gone has nobody to be told.
        guard let cluster = try? await services.store.get(EtcdCluster.self, named: parts[1], in: parts[0]) else {
            return
        }
        let member = change.identity.member
        switch change.state {
        case .running(let pid, _): services.events.normal(cluster, "MemberStarted", "\(member) runs as process \(pid)")
        case .exited(let exit): services.events.warning(cluster, "MemberFailed", "\(member) ended: \(exit)")
        case .backingOff(_, _, let exit): services.events.warning(cluster, "MemberExited", "\(member) ended: \(exit)")
        case .blocked(let error): services.events.warning(cluster, "MemberBlocked", error.description)
        case .stopping, .stopped: break
        }
    }
}
