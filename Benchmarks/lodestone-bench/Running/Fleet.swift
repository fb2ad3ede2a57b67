import Glibc
import TestSupport

/// Many clusters on distinct addresses, answered by few real etcd servers.
///
/// A thousand etcd processes do not fit here. Each server listens on some tens of addresses of 127.0.0.0/8, and each
/// address is a cluster of one member to the controller: its record names that address, and maps the one URL that the
/// server advertises to it. So the controller keeps a connection of its own to every address.
struct Fleet: Sendable {
    /// The servers that stay up.
    let living: [FleetServer]
    /// A server to be killed: its addresses then refuse connections.
    let killed: FleetServer
    /// A server to be frozen: its addresses then take connections and say nothing.
    let frozen: FleetServer
    /// The file with the records of all clusters.
    let manifest: String

    /// All servers.
    var servers: [FleetServer] { living + [killed, frozen] }

    /// The client URLs of all clusters, in the order of their names.
    var endpoints: [String] { servers.flatMap(\.endpoints) }

    /// The number of clusters that die with the two servers, which are the last ones.
    var dying: Int { killed.endpoints.count + frozen.endpoints.count }

    /// The name of the cluster at a place among the endpoints.
    static func name(_ index: Int) -> String { "fleet-\(index + 1)" }

    /// Lends a fleet of so many clusters and ends it afterwards.
    ///
    /// Up to `share` of them are answered by one etcd; with a share of 1 each has its own.
    static func with(
        _ count: Int, share: Int = 50, _ options: BenchOptions, _ body: (Fleet) async throws -> String
    ) async throws -> String {
        guard count >= 40 else { throw BenchError("a fleet has at least 40 clusters") }
        // One in twenty dies, half of them in each way; the others share servers by fifties.
        let dying = count / 20
        var sizes = [Int](repeating: share, count: (count - dying) / share)
        if (count - dying) % share > 0 { sizes.append((count - dying) % share) }
        sizes += share == 1 ? Array(repeating: 1, count: dying) : [dying / 2, dying - dying / 2]
        options.say("starting \(sizes.count) etcd servers for \(count) addresses")
        let directory = try TemporaryDirectory("fleet")
        var servers: [FleetServer] = []
        defer { for server in servers { server.process.signal(SIGKILL) } }
        for (number, addresses) in sizes.enumerated() {
            servers.append(
                try await FleetServer.start(number: number, addresses: addresses, in: directory.path))
        }
        let fleet = Fleet(
            living: Array(servers.dropLast(2)), killed: servers[servers.count - 2], frozen: servers[servers.count - 1],
            manifest: directory.file("fleet.yaml"))
        try writeTextFile(fleet.manifest, fleet.records)
        let text = try await body(fleet)
        _ = consume directory
        return text
    }

    /// How many calls of a method the given servers have answered.
    static func answered(_ method: String, by servers: [FleetServer]) async throws -> Int {
        var sum = 0
        for server in servers { sum += try await server.answered(method) }
        return sum
    }

    private var records: String {
        var index = 0
        return servers.map { server in
            server.endpoints.map { endpoint in
                defer { index += 1 }
                return """
                    ---
                    apiVersion: lodestone.dev/v1alpha1
                    kind: EtcdCluster
                    metadata: {name: \(Self.name(index))}
                    spec:
                      provider: Imported
                      endpoints: ["\(endpoint)"]
                      endpointMap: [{advertised: "\(server.advertised)", reachable: "\(endpoint)"}]
                      inspections:
                        health: {interval: 10s}
                        consistency: {enabled: false}

                    """
            }.joined()
        }.joined()
    }
}
