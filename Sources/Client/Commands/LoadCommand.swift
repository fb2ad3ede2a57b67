import Etcd
import Model
import Observers
import Transport

/// `lodestone load`: writes sample keys into a cluster.
struct LoadCommand: Command {
    var cluster: String?
    var keys = 10_000
    var valueBytes = 1024
    var seed = 1
    var prefix = "/registry"
    var isForced = false
    var members = MemberOptions()
    var connection = ConnectionOptions()

    static let name = "load"
    static let summary = "writes Kubernetes-shaped sample keys into a cluster, to try things out"
    static let discussion = """
        The same keys with the same values for the same --seed, so that a load can be repeated. It refuses to write
        beside keys under the prefix that are not its own, as those of a real API server are.
        """
    static let operands: [Operand<LoadCommand>] = [
        Operand(
            "CLUSTER", \.cluster, completing: .records(EtcdCluster.kind),
            "The name of an EtcdCluster; or name members with --endpoints")
    ]
    static let options: [CommandOption<LoadCommand>] =
        [
            CommandOption("keys", \.keys, "How many keys"),
            CommandOption("value-bytes", \.valueBytes, "The size of values on average, in bytes"),
            CommandOption("seed", \.seed, "What the keys and values are made from"),
            CommandOption("prefix", \.prefix, "What all keys begin with"),
            CommandOption("force", \.isForced, "Writes beside keys of others, too"),
        ] + MemberOptions.options.map { $0.within(\.members) }
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone load orders --keys 10000", "Fills a cluster that the controller knows."),
        CommandExample("lodestone load --endpoints http://127.0.0.1:2379", "Fills any cluster."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        switch (cluster, members.endpoints.isEmpty) {
        case (nil, true): return "name a cluster, or members with \"--endpoints\""
        case (.some, false): return "name either a cluster or \"--endpoints\", not both"
        default: break
        }
        if !(1...100_000_000).contains(keys) { return "\"--keys\" must be between 1 and 100000000" }
        if !(16...1_000_000).contains(valueBytes) { return "\"--value-bytes\" must be between 16 and 1000000" }
        if prefix.isEmpty { return "\"--prefix\" must not be empty" }
        return members.complaint()
    }

    func run(in session: Session) async throws -> ExitCode {
        let endpoints = try await endpoints(in: session)
        let sample = SampleKeyspace(prefix: prefix, valueSize: valueBytes, seed: UInt64(bitPattern: Int64(seed)))
        do {
            if !isForced { try await refuseForeignKeys(endpoints, sample) }
            let start = ContinuousClock.now
            let summary = try await write(sample, to: endpoints, session)
            let seconds = max((ContinuousClock.now - start).seconds, 0.001)
            try session.console.print(
                "wrote \(keys) keys (\(ByteCount(Int64(summary.bytes)).rounded)) in \(Self.rounded(seconds)) s, "
                    + "\(Int(Double(keys) / seconds)) keys a second; revision \(summary.revision)")
        } catch let error as EtcdError {
            guard error.code != .cancelled else { throw CancellationError() }
            throw CommandFailure("\(error)", code: error.code == .unavailable ? .unreachable : .failure)
        }
        return .success
    }

    private func endpoints(in session: Session) async throws -> EtcdEndpoints {
        let target: ClusterTarget
        if let cluster {
            let connection = try await connection.connect(in: session)
            target = try await connection.target(of: cluster)
        } else {
            target = try members.target(in: session, command: Self.name)
        }
        let finder = MemberFinder(engine: HTTPEngine())
        let urls = target.endpoints + target.knownMembers.map(\.endpoint)
        let clients = try urls.map { try finder.client(for: $0, of: target) }
        guard let first = clients.first else {
            throw CommandFailure("the cluster \"\(cluster ?? "")\" has no members yet", code: .unreachable)
        }
        return EtcdEndpoints(first, Array(clients.dropFirst()))
    }

    /// A real API server keeps its objects under the same prefix; sample objects among them would become real to it.
    private func refuseForeignKeys(_ endpoints: EtcdEndpoints, _ sample: SampleKeyspace) async throws {
        let prefix = prefix
        let (first, marker) = try await endpoints.perform { (client) throws(EtcdError) in
            let first = try await client.range(
                RangeRequest(.prefix(prefix), selection: .first(1), content: .keysOnly))
            return (first.keyValues.first, try await client.get(sample.marker))
        }
        guard let first, marker == nil else { return }
        throw CommandFailure(
            "the cluster holds keys under \(prefix) that are not samples, such as \(String(decoding: first.key, as: UTF8.self)); "
                + "choose another --prefix, or --force if they may stand beside each other")
    }

    private func write(
        _ sample: SampleKeyspace, to endpoints: EtcdEndpoints, _ session: Session
    ) async throws -> BulkWriter.Summary {
        var shown = ContinuousClock.now
        let (keys, console) = (keys, session.console)
        let summary = try await endpoints.bulkWrite { writer in
            try await writer.put(sample.marker, Array("keys \(keys), seed \(seed)".utf8))
            for index in 0..<keys {
                let pair = sample.pair(index)
                try await writer.put(pair.key, pair.value)
                if console.errorsAreTerminal, index % 256 == 0, ContinuousClock.now - shown > .milliseconds(200) {
                    shown = .now
                    try console.rewriteNote("\(index) of \(keys) keys")
                }
            }
        }
        if console.errorsAreTerminal { try console.rewriteNote("") }
        return summary
    }

    private static func rounded(_ seconds: Double) -> String {
        let hundredths = Int64((seconds * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

extension Connection {
    /// The way to the members of a cluster by its record and Secrets.
    ///
    /// - Throws: `APIError`, `CommandFailure` where a Secret is missing or there is no such cluster.
    func target(of cluster: String) async throws -> ClusterTarget {
        let query = RecordQuery(EtcdCluster.kind, namespace: namespace, name: cluster)
        guard let document = try await client.find(query) else {
            throw CommandFailure("there is no cluster \"\(cluster)\" in namespace \(namespace)")
        }
        let record = try EtcdCluster(answer: document)
        var secrets: [String: Secret] = [:]
        for name in ClusterTarget.secretNames(of: record) {
            let query = RecordQuery(Secret.kind, namespace: namespace, name: name)
            secrets[name] = try await client.find(query).map { try Secret(answer: $0) }
        }
        do throws(AccessProblem) {
            return try ClusterTarget(of: record, secrets: secrets)
        } catch {
            throw CommandFailure("EtcdCluster \"\(cluster)\": \(error)")
        }
    }
}
