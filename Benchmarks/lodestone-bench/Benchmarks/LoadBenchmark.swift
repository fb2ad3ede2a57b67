import Etcd
import TestSupport

/// Writing many keys.
struct LoadBenchmark {
    let options: BenchOptions
    let database: Database

    /// How many keys our writer writes in a round; each way has as much to do as takes it some seconds.
    private let ours = 50_000
    /// How many transactions are written by calls of `etcdctl txn` in a round.
    private let calls = 20
    /// How many keys are written by calls of `etcdctl put` in a round.
    private let puts = 60
    /// How many operations a transaction may have.
    private let operations = 128
    private let mirrorTime = Duration.seconds(6)

    init(_ options: BenchOptions, _ database: Database) {
        self.options = options
        self.database = database
    }

    /// Runs it against a server of its own and returns a table.
    func run() async throws -> String {
        try await withRealEtcd(quota: 8 << 30) { target in
            let endpoint = target.endpoints[0]
            let scratch = target.scratchDirectory
            let value = String(repeating: "0123456789abcdef", count: options.valueSize / 16)
            let (transaction, single) = ("\(scratch)/transaction", "\(scratch)/value")
            let lines = (0..<operations).map { "put /txn/pod-\($0) \(value)\n" }
            try writeTextFile(transaction, "\n\(lines.joined())\n\n")
            try writeTextFile(single, value)
            var put = MeasuredCommand.script(
                "for i in $(seq \(puts)); do etcdctl --endpoints \"$1\" put /put/pod-$i <\"$2\"; done", endpoint, single
            )
            put.work = Double(puts)
            var txn = MeasuredCommand.script(
                "for i in $(seq \(calls)); do etcdctl --endpoints \"$1\" txn <\"$2\"; done", endpoint, transaction)
            txn.work = Double(calls * operations)

            let contest = Contest(
                unit: "keys",
                contenders: [
                    Contest.Contender(name: "Lodestone's bulk writer") { round in
                        try await Database.loader(endpoint, prefix: "/ours-\(round)/", keys: ours, options)
                            .run(in: scratch)
                    },
                    Contest.Contender(name: "`etcdctl put`, a call for each key") { [put] _ in
                        try await put.run(in: scratch)
                    },
                    Contest.Contender(name: "`etcdctl txn`, a call for each \(operations) keys") { [txn] _ in
                        try await txn.run(in: scratch)
                    },
                    Contest.Contender(name: "`etcdctl make-mirror` from the big database") { round in
                        try await mirror(to: endpoint, prefix: "/mirror-\(round)/", scratch)
                    },
                ])
            let table = try await contest.run(rounds: options.rounds, options).table
            return
                "Values of \(options.valueSize) bytes into an empty etcd with one member and `fsync` on. Debian has no "
                + "stock bulk loader; `make-mirror`, cut off after \(mirrorTime.components.seconds) s, comes closest. "
                + "Loading the \(Text.grouped(options.keys)) keys of the other benchmarks went at "
                + "\(Text.fixed(database.loading.rate, 0)) keys/s.\n\n\(table.text)"
        }
    }

    private func mirror(to endpoint: String, prefix: String, _ scratch: String) async throws -> Usage {
        var command = MeasuredCommand.etcdctl(
            database.endpoint, "make-mirror", "--prefix", "/registry/", "--dest-prefix", prefix, endpoint)
        command.timeout = mirrorTime
        command.isEndless = true
        var usage = try await command.run(in: scratch)
        usage.work = try await Work.withClient(endpoint) { Double(try await $0.count(.prefix(prefix))) }
        return usage
    }
}
