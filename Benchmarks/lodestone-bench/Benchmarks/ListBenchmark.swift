import Etcd
import TestSupport
import Transport

/// A list of many clusters in the forms clients ask for, and as many values of that size out of an etcd.
struct ListBenchmark {
    /// What `kubectl get` accepts.
    static let tableType = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

    let options: BenchOptions

    init(_ options: BenchOptions) {
        self.options = options
    }

    /// Runs it between servers of its own and returns a table.
    func run() async throws -> String {
        try await ServedAPI.with(records: options.records, isEncrypted: true, options) { api in
            let cold = try await api.curl(ServedAPI.clusters, accept: Self.tableType).run(in: options.directory)
            let sizes = try await api.withClient { client in
                (
                    try await client.send(ServedAPI.request(ServedAPI.clusters)).body.count,
                    try await client.send(ServedAPI.request(ServedAPI.clusters, accept: Self.tableType)).body.count
                )
            }
            let before = try ProcessFigures(of: api.process.pid)
            let table = try await withRealEtcd { etcd in
                let load = MeasuredCommand(
                    command: [
                        options.executable, "work", "load", etcd.endpoints[0], "/registry/clusters/",
                        "\(options.records)", "\(sizes.0 / options.records)", "text",
                    ])
                _ = try await load.run(in: options.directory)
                return try await contest(api, etcd).run(rounds: options.rounds, options).table
            }
            let after = try ProcessFigures(of: api.process.pid)
            return "\(Text.grouped(options.records)) EtcdClusters of \(sizes.0 / options.records) bytes over TLS: "
                + "\(Text.mebibytes(Double(sizes.0))) as JSON, \(Text.mebibytes(Double(sizes.1))) as a table. "
                + "The first table after the start took \(Text.seconds(cold.wall.seconds)). "
                + "Server memory \(Text.mebibytes(Double(before.memory))) before, at most "
                + "\(Text.mebibytes(Double(after.peakMemory))). etcd's values have the same size; "
                + "processor time is that of the client.\n\n\(table.text)"
        }
    }

    private func contest(_ api: ServedAPI, _ etcd: RealEtcd) -> Contest {
        let list = ServedAPI.clusters
        let pages = MeasuredCommand(
            command: [options.executable, "work", "pages", api.url, Work.token, list, "500"])
        let contenders = [
            ("table, `curl`", api.curl(list, accept: Self.tableType)),
            ("table, gzip, `curl --compressed`", api.curl(list, "--compressed", accept: Self.tableType)),
            ("JSON, `curl`", api.curl(list)),
            ("table in pages of 500", pages),
            (
                "`etcdctl get --prefix`",
                MeasuredCommand.etcdctl(etcd.endpoints[0], "get", "--prefix", "/registry/clusters/")
            ),
        ]
        return Contest(
            unit: "records",
            contenders: contenders.map { name, command in
                var command = command
                command.work = Double(options.records)
                return Contest.Contender(name: name) { [command] _ in try await command.run(in: options.directory) }
            })
    }
}
