import ControllerRuntime
import Model
import Observers
import Store
import Telemetry

/// Forgets what was kept in memory for clusters whose records are gone: evidence, connections, ports never used.
///
/// An imported cluster has no finalizer, and a record may go between two passes, so no reconciler sees every end.
struct DeletionWatch: Component {
    let name = "deletion watch"
    let services: ControllerServices
    let logger: Logger

    func run() async {
        while !Task.isCancelled {
            do throws(StoreError) {
                for try await event in services.store.watch(RecordQuery(EtcdCluster.kind), from: .present) {
                    if case .deleted(let record) = event { await forget(record) }
                }
                return  // Cancelled, or the store was closed.
            } catch {
                // What was missed meanwhile stays in memory until the next start, which harms nobody.
                logger.warning("The watch of deleted clusters failed; it is begun anew", ["error": .describing(error)])
                // Ends early only when the controller stops.
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func forget(_ record: Record) async {
        if let uid = record.document[path: "metadata", "uid"]?.string {
            await services.local.forgetPlan(ofClusterWith: uid)
            await services.logs.forget(recordWith: uid)
            services.drillTurns.release(uid)
        }
        let key = "\(record.id.namespace)/\(record.id.name)"
        services.forgetLooks(at: key)
        // A record that was made again at once may be using the connections already.
        guard (try? await services.store.get(record.id)) == nil else { return }
        services.secretUsers.forget(record.id)
        services.members.forget(key)
    }
}
