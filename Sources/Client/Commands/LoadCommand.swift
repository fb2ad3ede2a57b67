import Etcd
import Model
import Observers
import Transport

/// `lodestone load`: writes Kubernetes-shaped sample keys into a cluster, to have something to look at.
struct LoadCommand: Command {
    var cluster: String?
    var members = MemberOptions()
    var keys = 10_000
    var valueBytes = 1024
    var prefix = "/registry"
    var seed = 1
    var connection = ConnectionOptions()

    static let name = "load"
    static let summary = "writes sample keys in the shape of Kubernetes objects into a cluster"
    static let discussion = """
        The keys look as those of a Kubernetes control plane do (pods, config maps, secrets, leases, events in many
        namespaces) and the values are JSON objects. The same seed writes the same keys, so that loading twice changes
        values' revisions and adds nothing. Keys that are there under other names are left alone.
        """
    static let operands: [Operand<LoadCommand>] = [
        Operand("CLUSTER", \.cluster, "The EtcdCluster to load; or name members with --endpoints")
    ]
    static let options: [CommandOption<LoadCommand>] =
        [
            CommandOption("keys", \.keys, "How many keys"),
            CommandOption("value-bytes", \.valueBytes, "The size of a value in bytes"),
            CommandOption("prefix", \.prefix, placeholder: "PREFIX", "What all keys begin with"),
            CommandOption("seed", \.seed, "What decides about names and values"),
        ] + MemberOptions.options.map { $0.within(\.members) }
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone load orders --keys 10000", "Ten thousand keys into a cluster of the controller's."),
        CommandExample("lodestone load --endpoints http://10.0.0.5:2379 --keys 500", "Into any etcd."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        if !(1...100_000_000).contains(keys) { return "\"--keys\" must be between 1 and 100000000" }
        if !(64...1_000_000).contains(valueBytes) { return "\"--value-bytes\" must be between 64 and 1000000" }
        if (cluster == nil) == members.endpoints.isEmpty { return "name either a CLUSTER or \"--endpoints\"" }
        if !prefix.hasPrefix("/") || prefix.count < 2 { return "\"--prefix\" must begin with \"/\" and a name" }
        return members.complaint()
    }

    func run(in session: Session) async throws -> ExitCode {
        let target = try await target(in: session)
        let engine = HTTPEngine()
        defer { engine.shutdown() }
        let finder = MemberFinder(engine: engine)
        let found = await finder.members(of: target, named: "load", timeout: .seconds(5))
        let clients = found.members.filter { !$0.isLearner }.compactMap(\.client)
        guard let first = clients.first, found.problem == nil else {
            throw CommandFailure(
                "the cluster cannot be reached: \(found.problem?.message ?? "it has no members")", code: .unreachable)
        }
        let sample = SampleKeys(prefix: prefix, count: keys, valueBytes: valueBytes, seed: UInt64(clamping: seed))
        let start = ContinuousClock.now
        var shown = start
        let summary = try await EtcdEndpoints(first, Array(clients.dropFirst())).bulkWrite { writer in
            for index in 0..<keys {
                try await writer.put(sample.key(index), sample.value(index))
                if ContinuousClock.now - shown > .seconds(2) {
                    shown = .now
                    try session.console.note("\(index) of \(keys) keys written")
                }
            }
        }
        let took = (ContinuousClock.now - start).seconds
        let rate = Int(Double(keys) / max(took, 0.001))
        try session.console.print(
            "\(summary.operations) keys (\(ByteCount(Int64(summary.bytes)).rounded)) in \(summary.transactions) "
                + "transactions, \(rate) keys/s; the cluster is at revision \(summary.revision)")
        return .success
    }

    /// The way to the members: by the options, or by the cluster's record and its Secrets.
    private func target(in session: Session) async throws -> ClusterTarget {
        guard let cluster else { return try members.target(in: session) }
        let connection = try connection.connect(in: session)
        let query = RecordQuery(EtcdCluster.kind, namespace: connection.namespace, name: cluster)
        guard let document = try await connection.client.find(query) else {
            throw CommandFailure("there is no cluster \"\(cluster)\" in namespace \(connection.namespace)")
        }
        let record = try EtcdCluster(answer: document)
        guard record.spec.tls == nil, record.spec.auth == nil else {
            throw CommandFailure(
                "\(cluster) asks for certificates or a password; name its members with --endpoints and those options")
        }
        return ClusterTarget(
            endpoints: record.spec.endpoints,
            knownMembers: record.status.members.map {
                ClusterTarget.KnownMember(name: $0.name, endpoint: $0.endpoint)
            })
    }
}

/// Keys and values in the shape of Kubernetes objects, each a function of its number and the seed alone.
struct SampleKeys: Sendable {
    let prefix: String
    let count: Int
    let valueBytes: Int
    let seed: UInt64

    /// What a control plane holds, by how often.
    private static let resources = [
        "pods", "pods", "pods", "pods", "configmaps", "configmaps", "secrets", "leases", "events", "events",
    ]

    func key(_ index: Int) -> [UInt8] {
        let random = mix(index)
        let resource = Self.resources[index % Self.resources.count]
        let namespace = "team-\(random % 40)"
        return Array("\(prefix)/\(resource)/\(namespace)/\(resource.dropLast())-\(String(random, radix: 36))".utf8)
    }

    func value(_ index: Int) -> [UInt8] {
        let random = mix(index)
        let resource = Self.resources[index % Self.resources.count]
        var text =
            #"{"apiVersion":"v1","kind":"\#(resource.dropLast())","metadata":{"name":"\#(String(random, radix: 36))","#
            + #""namespace":"team-\#(random % 40)","uid":"\#(String(mix(index &+ 7), radix: 16))"},"data":""#
        var filler = random
        while text.utf8.count < valueBytes - 2 {
            filler = filler &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += String(filler, radix: 36)
        }
        return Array(text.utf8.prefix(max(valueBytes - 2, 0))) + Array(#""}"#.utf8)
    }

    /// A number that looks random and depends on the index and the seed alone (SplitMix64).
    private func mix(_ index: Int) -> UInt64 {
        var value = UInt64(truncatingIfNeeded: index) &+ seed &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
