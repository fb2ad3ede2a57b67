import API
import Crypto
import Glibc
import Model
import Store
import Telemetry
import TestSupport
import Transport

extension Work {
    /// The token the served API takes.
    static let token = "lodestone-bench-0123456789abcdef0123456789abcdef"

    /// Serves the API over a store with so many clusters, and says in a file where; ends with its process.
    static func serve(_ directory: String, records: Int, isEncrypted: Bool, log: String) async throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let store = try await RecordStore.open(StoreOptions(directory: directory))
        try await fill(store, records)
        var listener = HTTPServerOptions()
        if isEncrypted {
            let server = try APICredentials(in: directory, hosts: ["127.0.0.1"]).server
            listener.tls = HTTPServerOptions.TLS(
                certificatePEM: server.certificatePEM, privateKeyPEM: server.privateKeyPEM)
        }
        let server = try APIServer(
            APIServer.Options(listener: listener, tokens: BearerTokens([(token, "bench")])), store: store,
            metrics: MetricsRegistry(), logger: .silent)
        try writeTextFile(log, server.url)
        await server.run()
    }

    /// Reads a list page by page, as kubectl does, and counts its records.
    static func pages(_ url: String, token: String, path: String, limit: Int) async throws {
        let engine = HTTPEngine(name: "pages")
        defer { engine.shutdown() }
        let client = HTTPClient(
            engine: engine, endpoint: try Endpoint(url: url, tls: TLSOptions(skipsVerification: true)))
        var continuation: String?
        var bytes = 0
        repeat {
            let more =
                continuation.map { "&continue=\($0.replacing("=", with: "%3D").replacing("+", with: "%2B"))" } ?? ""
            let answer = try await client.send(
                HTTPClientRequest(
                    path: "\(path)?limit=\(limit)\(more)",
                    headers: [("Authorization", "Bearer \(token)"), ("Accept", ListBenchmark.tableType)],
                    timeout: .seconds(30)))
            guard answer.status == 200 else { throw BenchError("\(answer.status): \(answer.text.prefix(300))") }
            bytes += answer.body.count
            // The metadata stands before the rows.
            let head = String(decoding: answer.body.prefix(400), as: UTF8.self)
            continuation = head.firstRange(of: "\"continue\":\"").map { start in
                String(head[start.upperBound...].prefix { $0 != "\"" })
            }
        } while continuation != nil
        print("\(bytes) bytes")
    }

    /// Clusters as a fleet has them, with a status of some three members.
    private static func fill(_ store: RecordStore, _ count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let writers = 64
            for writer in 0..<writers {
                group.addTask {
                    for index in stride(from: writer, to: count, by: writers) {
                        var cluster = try await store.create(cluster(index))
                        cluster.status = status(index)
                        try await store.updateStatus(cluster)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func cluster(_ index: Int) -> EtcdCluster {
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(name: "cluster-\(String(100_000 + index).dropFirst())", namespace: "default")
        cluster.metadata.labels = ["tier": index % 3 == 0 ? "gold" : "silver", "team": "team-\(index % 20)"]
        cluster.spec.provider = .imported
        cluster.spec.endpoints = (1...3).map { "https://10.\(index >> 8).\(index & 255).\($0):2379" }
        cluster.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"] = cluster.spec.encoded.json
        cluster.applyDefaults()
        return cluster
    }

    private static func status(_ index: Int) -> EtcdClusterStatus {
        var status = EtcdClusterStatus()
        status.phase = .running
        status.observedGeneration = 1
        status.clusterID = String(0x1000_0000_0000 + index, radix: 16)
        status.version = "3.4.23"
        status.leader = "m1"
        status.revision = Int64(index) * 97 + 12_345
        status.readyMembers = 3
        status.observedTime = .now
        status.members = (1...3).map { number in
            var member = MemberStatus()
            member.name = "m\(number)"
            member.id = String(0xA000_0000_0000 + index * 8 + number, radix: 16)
            member.role = number == 1 ? .leader : .follower
            member.phase = .running
            member.version = "3.4.23"
            member.endpoint = "https://10.\(index >> 8).\(index & 255).\(number):2379"
            member.peerURL = "https://10.\(index >> 8).\(index & 255).\(number):2380"
            member.revision = status.revision
            return member
        }
        status.conditions = [.ready, .available, .backupReady, .consistent].map {
            Condition($0, .true, reason: "Healthy", message: "3 of 3 members serve linearizable reads")
        }
        return status
    }
}
