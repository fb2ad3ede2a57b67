import TestSupport

/// A backup with everything that makes it one, against a file that nobody has looked at.
struct SnapshotBenchmark {
    let options: BenchOptions
    let database: Database

    init(_ options: BenchOptions, _ database: Database) {
        self.options = options
        self.database = database
    }

    /// Runs it and returns a table.
    func run() async throws -> String {
        let directory = database.scratch("backups")
        let saved = database.scratch("saved.db")
        let received = database.scratch("received.db")
        var size = 0.0
        let contest = Contest(
            unit: "MiB",
            contenders: [
                backup("Lodestone backup: proven, compressed", "zstd"),
                backup("Lodestone backup: proven, compressed, encrypted", "sealed"),
                backup("Lodestone backup: proven, plain", "plain"),
                Contest.Contender(name: "Lodestone, the stream alone to a file") { _ in
                    try await measure(["receive", database.endpoint, received]) { removeTree(received) }
                },
                Contest.Contender(name: "`etcdctl snapshot save`") { _ in
                    var usage = try await MeasuredCommand.etcdctl(database.endpoint, "snapshot", "save", saved)
                        .run(in: database.etcd.scratchDirectory)
                    size = try Database.mebibytes(saved)
                    usage.work = size
                    removeTree(saved)
                    return usage
                },
            ])
        // So that the size is known, and everything is warm.
        _ = try await contest.contenders[contest.contenders.count - 1].run(0)
        let table = try await contest.run(rounds: options.rounds, options).table
        return "A database of \(Text.fixed(size, 0)) MiB, \(Text.grouped(options.keys)) keys of "
            + "\(options.valueSize) bytes (\(options.values)), on the same disk.\n\n\(table.text)"

        func backup(_ name: String, _ form: String) -> Contest.Contender {
            Contest.Contender(name: name) { _ in
                try await measure(["snapshot", database.endpoint, directory, "\(options.keys)", form]) {
                    removeTree(directory)
                }
            }
        }

        func measure(_ arguments: [String], _ cleanUp: () -> Void) async throws -> Usage {
            defer { cleanUp() }
            return try await MeasuredCommand(command: [options.executable, "work"] + arguments, work: size)
                .run(in: database.etcd.scratchDirectory)
        }
    }
}
