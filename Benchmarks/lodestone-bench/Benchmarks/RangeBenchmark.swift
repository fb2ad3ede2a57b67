import TestSupport

/// All keys and values of a big keyspace, read through the API.
struct RangeBenchmark {
    let options: BenchOptions
    let database: Database

    init(_ options: BenchOptions, _ database: Database) {
        self.options = options
        self.database = database
    }

    /// Runs it and returns a table.
    func run() async throws -> String {
        let scratch = database.etcd.scratchDirectory
        let ours = MeasuredCommand(
            command: [options.executable, "work", "range", database.endpoint, "\(options.keys)"],
            work: Double(options.keys))
        var stock = MeasuredCommand.etcdctl(database.endpoint, "get", "--prefix", "")
        stock.work = Double(options.keys)
        let contest = Contest(
            unit: "keys",
            contenders: [
                Contest.Contender(name: "Lodestone's keyspace reader") { _ in try await ours.run(in: scratch) },
                Contest.Contender(name: "`etcdctl get --prefix ''`") { [stock] _ in try await stock.run(in: scratch) },
            ])
        let table = try await contest.run(rounds: options.rounds, options).table
        return "\(Text.grouped(options.keys)) keys of \(options.valueSize) bytes, keys and values written to "
            + "/dev/null by both.\n\n\(table.text)"
    }
}
