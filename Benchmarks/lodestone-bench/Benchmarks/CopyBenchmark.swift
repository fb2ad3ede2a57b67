import Etcd
import TestSupport

/// Copying a keyspace into an empty cluster, and how much memory that takes.
struct CopyBenchmark {
    /// How long `make-mirror`, which never ends, is let copy.
    private static let window = Duration.seconds(20)

    private let options: BenchOptions
    private let database: Database

    init(_ options: BenchOptions, _ database: Database) {
        self.options = options
        self.database = database
    }

    /// Runs it and returns a table.
    func run() async throws -> String {
        let contest = Contest(
            unit: "keys",
            contenders: [
                Contest.Contender(name: "Lodestone's copy, until it follows") { _ in
                    try await withRealEtcd(quota: 8 << 30) { target in
                        let usage = try await MeasuredCommand(
                            command: [
                                options.executable, "work", "copy", database.endpoint, target.endpoints[0],
                            ],
                            work: Double(options.keys)
                        ).run(in: database.etcd.scratchDirectory)
                        let count = try await count(target)
                        guard count == options.keys else { throw BenchError("\(count) keys were copied") }
                        return usage
                    }
                },
                Contest.Contender(name: "`etcdctl make-mirror`, \(Text.seconds(Self.window.seconds))") { _ in
                    try await withRealEtcd(quota: 8 << 30) { target in
                        // The flag wants no scheme.
                        let address = "127.0.0.1:\(target.members[0].clientPort)"
                        var stock = MeasuredCommand.etcdctl(
                            database.endpoint, "make-mirror", "--dest-insecure-transport", address)
                        stock.timeout = Self.window
                        stock.isEndless = true
                        var usage = try await stock.run(in: database.etcd.scratchDirectory)
                        usage.work = Double(try await count(target))
                        return usage
                    }
                },
            ])
        let table = try await contest.run(rounds: options.rounds, options).table
        return "\(Text.grouped(options.keys)) keys of \(options.valueSize) bytes, from one member to another, both on "
            + "this disk with fsync; the stock tool is stopped before it is through.\n\n\(table.text)"
    }

    private func count(_ target: RealEtcd) async throws -> Int {
        try await Work.withClient(target.endpoints[0]) { client in
            Int(try await client.count(.prefix("/registry/"), timeout: .seconds(30)))
        }
    }
}
