import Etcd
import Glibc
import Model
import Synchronization
import TestSupport

/// A whole migration of a cluster that is written to, from the command to a destination that serves.
///
/// No stock tool does this, so there is nothing to compare it with.
struct MigrateBenchmark {
    /// How many writes a second the source takes meanwhile.
    private static let writesPerSecond = 500

    private let options: BenchOptions
    private let database: Database

    init(_ options: BenchOptions, _ database: Database) {
        self.options = options
        self.database = database
    }

    /// Runs it and returns a table.
    func run() async throws -> String {
        let data = "\(options.directory)/migrations"
        defer {
            endMembers(under: data)
            removeTree(data)
        }
        let ports = try FreePort.range(of: 20)
        let arguments = ["--member-ports", "\(ports.lowerBound)-\(ports.upperBound)"]
        let rounds = try await Controller.with(in: data, options, arguments: arguments) { controller in
            try await prepare(controller)
            var rounds: [Round] = []
            for round in 1...options.rounds { rounds.append(try await migrate(round, controller)) }
            return rounds
        }
        var table = Table("", "median (range)")
        func add(_ name: String, _ value: (Round) -> Double, _ format: (Double) -> String = Text.seconds) {
            table.add(name, Spread(rounds.map(value)).text(format))
        }
        add("from the command until the destination serves", \.total)
        add("cut-over: nobody could write, by the record", \.pause)
        add("writes acknowledged meanwhile", { Double($0.writes) }, { Text.fixed($0, 0) })
        add("peak memory of the controller", \.memory, Text.mebibytes)
        return
            "Method Exact, one member each, \(Text.grouped(options.keys)) keys of \(options.valueSize) bytes, one client that "
            + "writes \(Self.writesPerSecond) times a second.\n\n\(table.text)"
    }

    /// The figures of one migration.
    private struct Round {
        var total = 0.0
        var pause = 0.0
        var writes = 0
        var memory = 0.0
    }

    private func prepare(_ controller: Controller) async throws {
        let manifest = "\(options.directory)/migrations.yaml"
        defer { removeTree(manifest) }
        try writeTextFile(
            manifest,
            """
            apiVersion: lodestone.dev/v1alpha1
            kind: EtcdCluster
            metadata: {name: source}
            spec: {provider: Imported, endpoints: ["\(database.endpoint)"]}
            """)
        try await controller.client(["apply", "-f", manifest])
        try await controller.client(["wait", "ec/source", "--for", "condition=Ready", "--timeout", "240s"])
    }

    private func migrate(_ number: Int, _ controller: Controller) async throws -> Round {
        let (copy, name) = ("copy\(number)", "move\(number)")
        var round = Round()
        let writer = Task { try await Self.write(to: database.endpoint) }
        let start = ContinuousClock.now
        try await controller.client([
            "migrate", "source", copy, "--name", name, "--automatic", "--release-source", "--size", "1",
            "--etcd-version", "3.4.23",
        ])
        round.total = (ContinuousClock.now - start).seconds
        writer.cancel()
        round.writes = try await writer.value
        let records = try await controller.records("em")
        guard let record = records.first(where: { $0[path: "metadata", "name"]?.string == name }),
            let migration = try? EtcdMigration(document: record), migration.status.phase == .completed
        else { throw BenchError("the migration is not completed") }
        round.pause = migration.status.pause?.seconds ?? 0
        round.memory = Double(try controller.figures().peakMemory)
        try await controller.client(["delete", "em", name])
        try await controller.client(["delete", "ec", copy])
        return round
    }

    /// Writes until it is cancelled; returns how many writes were acknowledged.
    private static func write(to url: String) async throws -> Int {
        try await Work.withClient(url) { client in
            var writes = 0
            var due = ContinuousClock.now
            while !Task.isCancelled {
                do {
                    _ = try await client.put("/writer/\(writes % 1000)", "value \(writes)", timeout: .seconds(5))
                    writes += 1
                } catch {
                    // Frozen: what counts is when it takes writes again.
                    try? await Task.sleep(for: .milliseconds(2))
                    continue
                }
                due += .microseconds(1_000_000 / writesPerSecond)
                try? await Task.sleep(until: due)
            }
            return writes
        }
    }
}
