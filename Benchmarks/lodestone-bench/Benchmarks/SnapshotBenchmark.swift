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
                Contest.Contender(name: "Lodestone backup: hashed, proven, figures, HashKV, manifest") { _ in
                    try await measure(["snapshot", database.endpoint, directory, "\(options.keys)"]) {
                        removeTree(directory)
                    }
                },
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
        _ = try await contest.contenders[2].run(0)  // So that the size is known, and everything is warm.
        let table = try await contest.run(rounds: options.rounds, options).table
        return "A database of \(Text.fixed(size, 0)) MiB, \(Text.grouped(options.keys)) keys of "
            + "\(options.valueSize) bytes, on the same disk.\n\n\(table.text)"

        func measure(_ arguments: [String], _ cleanUp: () -> Void) async throws -> Usage {
            defer { cleanUp() }
            return try await MeasuredCommand(command: [options.executable, "work"] + arguments, work: size)
                .run(in: database.etcd.scratchDirectory)
        }
    }
}
