import Glibc
import TestSupport

/// How soon the controller serves, and what it takes when it has nothing to do.
struct StartBenchmark {
    private let options: BenchOptions
    /// How long an idle controller is watched.
    private static let idleTime = Duration.seconds(20)

    init(_ options: BenchOptions) {
        self.options = options
    }

    /// Runs it and returns tables.
    func run() async throws -> String {
        try await [starts(), sizes()].joined(separator: "\n\n")
    }

    private func starts() async throws -> String {
        let (empty, full) = ("\(options.directory)/empty", "\(options.directory)/full")
        defer {
            removeTree(empty)
            removeTree(full)
        }
        var first: [Double] = []
        for _ in 0..<options.rounds {
            removeTree(empty)
            first.append(try await Controller.with(in: empty, options) { $0.startTime.seconds })
        }
        let text = try await Fleet.with(options.clusters, options) { fleet in
            try await Controller.with(in: full, options) { controller in
                _ = try await controller.client(["apply", "-f", fleet.manifest])
            }
            return try await compare(empty: empty, full: full, firstStart: first, fleet)
        }
        return text
    }

    private func compare(
        empty: String, full: String, firstStart: [Double], _ fleet: Fleet
    ) async throws -> String {
        var (again, loaded, probed, stock): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        var idle: (memory: Int, processor: Double)?
        for round in 0..<options.rounds {
            let isLast = round == options.rounds - 1
            try await Controller.with(in: empty, options) { controller in
                again.append(controller.startTime.seconds)
                if isLast { idle = try await idleFigures(controller) }
            }
            try await Controller.with(in: full, options) { controller in
                loaded.append(controller.startTime.seconds)
                probed.append(try await timeUntilProbed(fleet, since: controller.startTime))
            }
            stock.append(try await etcdStart())
            options.say("round \(round + 1) of \(options.rounds) of starts")
        }
        var table = Table("", "time, median (range)")
        table.add(
            "`lodestone controller`, first start: makes its store, CA and token", Spread(firstStart).text(Text.seconds))
        table.add("`lodestone controller`, empty store, until `/readyz` answers", Spread(again).text(Text.seconds))
        table.add(
            "`lodestone controller`, \(options.clusters) clusters, until `/readyz` answers",
            Spread(loaded).text(Text.seconds))
        table.add("the same, until every cluster was probed again", Spread(probed).text(Text.seconds))
        table.add("`etcd`, empty, one member, until `/health` says true", Spread(stock).text(Text.seconds))
        let figures = idle.map {
            "Idle with an empty store: RSS \(Text.mebibytes(Double($0.memory))), CPU \(Text.seconds($0.processor)) per "
                + "minute."
        }
        return table.text + "\n\n" + (figures ?? "")
    }

    private func idleFigures(_ controller: Controller) async throws -> (memory: Int, processor: Double) {
        try await Task.sleep(for: .seconds(5))
        let before = try controller.figures()
        try await Task.sleep(for: Self.idleTime)
        let after = try controller.figures()
        return (after.memory, (after.processor - before.processor).seconds * 60 / Self.idleTime.seconds)
    }

    /// Waits until the servers have answered as many probes as there are clusters.
    private func timeUntilProbed(_ fleet: Fleet, since startTime: Duration) async throws -> Double {
        let start = ContinuousClock.now
        // What the controller probed before it was ready is not seen, so this is rather too long than too short.
        let before = try await Fleet.answered("Status", by: fleet.servers)
        try await eventually("all clusters are probed", timeout: .seconds(60), poll: .milliseconds(100)) {
            try await Fleet.answered("Status", by: fleet.servers) - before >= options.clusters
        }
        return (startTime + (ContinuousClock.now - start)).seconds
    }

    private func etcdStart() async throws -> Double {
        let directory = try TemporaryDirectory("start")
        let start = ContinuousClock.now
        let server = try await FleetServer.start(number: 250, addresses: 1, in: directory.path)
        let time = (ContinuousClock.now - start).seconds
        try await server.process.end()
        _ = consume directory
        return time
    }

    private func sizes() async throws -> String {
        var table = Table("", "time, median (range)", "CPU", "peak RSS", "size on disk", "stripped")
        let commands = [
            ("`lodestone version`", options.lodestone), ("`etcdctl version`", "/usr/bin/etcdctl"),
            ("`etcd --version`", "/usr/bin/etcd"),
        ]
        var usages = [[Usage]](repeating: [], count: commands.count)
        for _ in 0..<10 * options.rounds {
            for (index, (_, path)) in commands.enumerated() {
                var command = MeasuredCommand(command: [path, path == "/usr/bin/etcd" ? "--version" : "version"])
                command.interval = .zero
                usages[index].append(try await command.run(in: options.directory))
            }
        }
        for ((name, path), runs) in zip(commands, usages) {
            let stripped = "\(options.directory)/stripped"
            _ = try await MeasuredCommand(command: ["/usr/bin/strip", "-o", stripped, path]).run(in: options.directory)
            table.add(
                name, Spread(runs.map(\.wall.seconds)).text(Text.seconds),
                Text.seconds(Spread(runs.map(\.processor.seconds)).median),
                Text.mebibytes(Double(runs.compactMap(\.peakMemory).max() ?? 0)),
                Text.mebibytes(try Database.mebibytes(path) * 1_048_576),
                Text.mebibytes(try Database.mebibytes(stripped) * 1_048_576))
            removeTree(stripped)
        }
        return table.text
    }
}
