import TestSupport

/// Reading the figures of a database file without an etcd process.
struct VerifyBenchmark {
    let options: BenchOptions
    let database: Database

    init(_ options: BenchOptions, _ database: Database) {
        self.options = options
        self.database = database
    }

    /// Runs it and returns a table.
    func run() async throws -> String {
        let scratch = database.etcd.scratchDirectory
        let file = database.scratch("verified.db")
        _ = try await MeasuredCommand.etcdctl(database.endpoint, "snapshot", "save", file).run(in: scratch)
        defer { removeTree(file) }
        let size = try Database.mebibytes(file)
        func ours(_ work: String) -> MeasuredCommand {
            MeasuredCommand(command: [options.executable, "work", work, file, "\(options.keys)"], work: size)
        }
        var stock = MeasuredCommand.etcdctl(database.endpoint, "snapshot", "status", file)
        stock.work = size
        let contest = Contest(
            unit: "MiB",
            contenders: [
                Contest.Contender(name: "Lodestone: structure, figures, HashKV") { _ in
                    try await ours("summary").run(in: scratch)
                },
                Contest.Contender(name: "Lodestone: the same and the SHA-256 of all bytes") { _ in
                    try await ours("proof").run(in: scratch)
                },
                Contest.Contender(name: "`etcdctl snapshot status`") { [stock] _ in try await stock.run(in: scratch) },
            ])
        let table = try await contest.run(rounds: options.rounds, options).table
        return "A snapshot of \(Text.fixed(size, 0)) MiB in the page cache.\n\n\(table.text)"
    }
}
