import TestSupport

/// Comparing the keyspaces of two clusters.
struct CompareBenchmark {
    private let options: BenchOptions
    private let database: Database

    init(_ options: BenchOptions, _ database: Database) {
        self.options = options
        self.database = database
    }

    /// Runs it and returns a table.
    func run() async throws -> String {
        try await withRealEtcd(quota: 8 << 30) { other in
            let scratch = database.etcd.scratchDirectory
            // The loader's values are the same in every run.
            _ = try await Database.loader(other.endpoints[0], keys: options.keys, options).run(in: scratch)
            let ours = MeasuredCommand(
                command: [
                    options.executable, "work", "compare", database.endpoint, other.endpoints[0], "\(options.keys)",
                ],
                work: Double(options.keys))
            var stock = MeasuredCommand.script(
                """
                for endpoint in "$@"; do
                    etcdctl --endpoints "$endpoint" --command-timeout 60s get --prefix '' | sha256sum
                done | sort -u | wc -l | grep -qx 1
                """, database.endpoint, other.endpoints[0])
            stock.work = Double(options.keys)
            let contest = Contest(
                unit: "keys",
                contenders: [
                    Contest.Contender(name: "Lodestone's comparison") { _ in try await ours.run(in: scratch) },
                    Contest.Contender(name: "`etcdctl get --prefix '' \\| sha256sum` of both") { [stock] _ in
                        try await stock.run(in: scratch)
                    },
                ])
            let table = try await contest.run(rounds: options.rounds, options).table
            return "Two clusters with the same \(Text.grouped(options.keys)) keys of \(options.valueSize) bytes; ours "
                + "compares key, value and lease at pinned revisions and would name what differs.\n\n\(table.text)"
        }
    }
}
