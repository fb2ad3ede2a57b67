import ControllerRuntime
import Model
import Nodes
import Store
import Synchronization
import Telemetry

/// The members' homes and processes that no record claims, as they were last found.
///
/// Such are left where records were lost or the store was set back to an older copy. They are told and never touched:
/// only a person can say whose they are.
final class OrphanBoard: Sendable {
    private let homes = Mutex<[MemberHome]?>(nil)

    /// The homes; nil as long as nobody has looked.
    var found: [MemberHome]? { homes.withLock { $0 } }

    /// Puts up what was found; returns what is new of it.
    func put(_ found: [MemberHome]) -> [MemberHome] {
        homes.withLock { homes in
            defer { homes = found }
            return found.filter { home in !(homes ?? []).contains { $0.directory == home.directory } }
        }
    }

    /// A finding for each cluster that the homes seem to be of, those with running processes first.
    var findings: [Finding] {
        let clusters = Dictionary(grouping: found ?? []) { $0.place.prefix(3).joined(separator: "/") }
        let all = clusters.sorted { $0.key < $1.key }.map { Self.finding($0.value, below: $0.key) }
        return all.filter { $0.severity == .critical } + all.filter { $0.severity != .critical }
    }

    private static func finding(_ homes: [MemberHome], below place: String) -> Finding {
        let parts = place.split(separator: "/").map(String.init)
        let name = parts.prefix(2).joined(separator: "/")
        let running = homes.filter { $0.pid != nil }
        let paths = homes.map(\.directory.path).joined(separator: ", ")
        let what = homes.count == 1 ? "1 member" : "\(homes.count) members"
        guard !running.isEmpty else {
            return Finding(
                "OrphanMembers", .warning, members: homes.compactMap(\.place.last),
                "no record claims the data of \(what) of cluster \(name): \(paths)",
                remedy: "restore the record store that knows them, or move the directories away once they are of no use"
            )
        }
        let processes = running.compactMap { home in home.pid.map { "\($0)" } }.joined(separator: ", ")
        let urls = running.map(\.clientURL).filter { !$0.isEmpty }.joined(separator: ", ")
        return Finding(
            "OrphanMembers", .critical, members: homes.compactMap(\.place.last),
            "no record claims \(what) of cluster \(name), of which \(running.count) run (process \(processes)): "
                + "nobody inspects, restarts or backs them up; data in \(paths)",
            remedy: "restore the record store that knows them, or declare an EtcdCluster with provider Imported and "
                + "endpoints \(urls); end the processes yourself if nobody needs them")
    }

    /// What Prometheus learns of orphans; nothing before anybody has looked.
    var metrics: [MetricFamily] {
        guard let found else { return [] }
        let running = found.count { $0.pid != nil }
        return [
            MetricFamily(
                "lodestone_orphan_members",
                "Members below the data directory that no record claims, by whether their process runs.",
                samples: [
                    MetricSample(Double(running), ["process": "running"]),
                    MetricSample(Double(found.count - running), ["process": "none"]),
                ])
        ]
    }
}

/// Looks for members that no record claims, at the start and every minute.
struct OrphanWatch: Component {
    let name = "orphan watch"
    let services: ControllerServices
    let logger: Logger

    private static let interval = Duration.seconds(60)

    func run() async {
        while !Task.isCancelled {
            do {
                for home in services.orphans.put(try await find()) {
                    logger.warning(
                        "A member is there that no record claims; it is left alone",
                        [
                            "directory": .text(home.directory.path),
                            "process": .text(home.pid.map { "\($0)" } ?? "none"),
                            "owner": .text(home.owner?.description ?? "unknown"),
                        ])
                }
            } catch {
                logger.warning("Members without a record could not be looked for", ["error": .text("\(error)")])
            }
            // Ends early only when the controller stops.
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// The homes that no record claims.
    ///
    /// A record is written before its members' homes are made, so the homes are listed first; and a home may be put
    /// away before its record goes, so what was found is looked at again.
    private func find() async throws -> [MemberHome] {
        let homes = try await services.local.homes()
        guard !homes.isEmpty else { return [] }
        let claims = Set(try await services.store.list(EtcdCluster.self).flatMap(Self.claims))
        let unclaimed = homes.filter { !claims.contains($0.place) }
        return unclaimed.isEmpty ? [] : await services.local.supervisor.lookAgain(at: unclaimed)
    }

    /// The places that a record claims.
    static func claims(of cluster: EtcdCluster) -> [[String]] {
        guard cluster.spec.provider == .local else { return [] }
        return cluster.plannedMembers.map {
            [cluster.metadata.namespace, cluster.metadata.name, cluster.status.incarnation, $0.name]
        }
    }
}
