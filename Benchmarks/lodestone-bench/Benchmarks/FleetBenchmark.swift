import Glibc
import Model
import TestSupport

/// A thousand imported clusters, each inspected every ten seconds.
struct FleetBenchmark {
    private let options: BenchOptions
    private static let interval = 10.0

    init(_ options: BenchOptions) {
        self.options = options
    }

    /// Runs it and returns tables.
    func run() async throws -> String {
        let shared = try await Fleet.with(options.clusters, options) { fleet in
            try await control { try await watch($0, fleet) }
        }
        let real = try await Fleet.with(Self.realMembers, share: 1, options) { fleet in
            try await control { controller in
                _ = try await settle(controller, fleet)
                let alive = try await stretch(controller, fleet.servers, 0..<fleet.endpoints.count)
                var table = Self.table
                table.add(["all \(fleet.endpoints.count) clusters answer"] + alive.cells)
                return "\(fleet.endpoints.count) records, each answered by an etcd server of its own.\n\n\(table.text)"
            }
        }
        return shared + "\n\n" + real
    }

    /// How many etcd processes fit beside everything else.
    private static let realMembers = 100

    private static var table: Table {
        Table(
            "", "CPU per minute", "CPU per inspection", "RSS (peak)", "inspections/s at the members",
            "began late, p50", "p99", "written per minute", "oldest result of a living cluster", "late")
    }

    /// Lends a controller with an empty store.
    private func control(_ body: (Controller) async throws -> String) async throws -> String {
        let directory = "\(options.directory)/controller"
        removeTree(directory)
        defer { removeTree(directory) }
        return try await Controller.with(in: directory, options) { try await body($0) }
    }

    /// Applies the records and waits until all were inspected and the first writes are over.
    private func settle(_ controller: Controller, _ fleet: Fleet) async throws -> Usage {
        let applied = try await controller.client(["apply", "-f", fleet.manifest])
        options.say("applied \(fleet.endpoints.count) records in \(Text.seconds(applied.wall.seconds))")
        let settled = ContinuousClock.now
        try await eventually("all clusters have been inspected", timeout: .seconds(120), poll: .seconds(2)) {
            try await ages(controller, of: 0..<fleet.endpoints.count).count == fleet.endpoints.count
        }
        options.say("all inspected \(Text.seconds((ContinuousClock.now - settled).seconds)) later; settling")
        try await Task.sleep(for: .seconds(4 * Self.interval))
        return applied
    }

    /// How long the whole fleet takes to be read by others.
    private func readings(_ controller: Controller) async throws -> String {
        var table = Table("read of all records", "time, median (range)", "size")
        let group = "/apis/lodestone.dev/v1alpha1"
        for path in ["/metrics", "\(group)/etcdclusters", "\(group)/etcdinspections"] {
            var times: [Double] = []
            var size = 0
            for _ in 0..<max(5, options.rounds) {
                let answer = try await controller.get(path)
                times.append(answer.took.seconds)
                size = answer.body.utf8.count
            }
            table.add("`GET \(path)`", Spread(times).text(Text.seconds), Text.mebibytes(Double(size)))
        }
        return table.text
    }

    private func watch(_ controller: Controller, _ fleet: Fleet) async throws -> String {
        let applied = try await settle(controller, fleet)
        var table = Self.table
        let alive = try await stretch(controller, fleet.servers, 0..<fleet.endpoints.count)
        table.add(["all \(fleet.endpoints.count) clusters answer"] + alive.cells)
        let readings = try await readings(controller)
        let stock = try await stockRound(fleet)

        fleet.killed.process.signal(SIGKILL)
        fleet.frozen.process.signal(SIGSTOP)
        defer { fleet.frozen.process.signal(SIGCONT) }
        options.say("\(fleet.dying) clusters are dead now; settling")
        try await Task.sleep(for: .seconds(3 * Self.interval))
        let living = 0..<(fleet.endpoints.count - fleet.dying)
        let partly = try await stretch(controller, fleet.living, living)
        table.add(["\(fleet.dying) of them are dead, half refuse, half are silent"] + partly.cells)
        let perMinute = stock.processor.seconds * 60 / Self.interval
        table.add(
            "`etcdctl endpoint health`, one call for all, every \(Int(Self.interval)) s",
            Text.seconds(perMinute), "\(Text.fixed(stock.processor.seconds * 1000 / stock.work, 2)) ms",
            Text.mebibytes(Double(stock.peakMemory ?? 0)), "–", "–", "–", "–", "–", "–")
        return
            "\(fleet.endpoints.count) records on distinct addresses, answered by \(fleet.servers.count) real etcd servers: each "
            + "serves some tens of addresses, and records of one server have the same cluster ID. Every record has a "
            + "connection of its own, and is probed by a Status and a linearizable read. Watched for \(options.window) s each. Applying them took \(Text.seconds(applied.wall.seconds)). CPU per "
            + "minute is \(Text.ratio(alive.perMinute / perMinute)) of the stock tool's, which keeps no result.\n\n"
            + table.text + "\n\n" + readings
    }

    /// What a stretch of time took and brought.
    private struct Stretch {
        let perMinute: Double
        let cells: [String]
    }

    /// Watches the controller for the length of the window.
    private func stretch(_ controller: Controller, _ servers: [FleetServer], _ wanted: Range<Int>) async throws
        -> Stretch
    {
        let kind = "EtcdInspection"
        let callsBefore = try await Fleet.answered("Status", by: servers)
        let lateBefore = Lateness(of: kind, in: try await controller.get("/metrics").body)
        let (before, start) = (try controller.figures(), ContinuousClock.now)
        try await Task.sleep(for: .seconds(options.window))
        let after = try controller.figures()
        let time = (ContinuousClock.now - start).seconds
        let calls = try await Fleet.answered("Status", by: servers) - callsBefore
        let lateness = Lateness(of: kind, in: try await controller.get("/metrics").body)
        let ages = try await ages(controller, of: wanted)
        let processor = (after.processor - before.processor).seconds
        let late = wanted.count - ages.filter { $0 <= 2 * Self.interval }.count
        let perMinute = processor * 60 / time
        options.say("\(Text.seconds(perMinute)) of CPU per minute, \(calls) Status calls, \(late) late")
        return Stretch(
            perMinute: perMinute,
            cells: [
                Text.seconds(perMinute), "\(Text.fixed(processor * 1000 / Double(max(calls, 1)), 2)) ms",
                "\(Text.mebibytes(Double(after.memory))) (\(Text.mebibytes(Double(after.peakMemory))))",
                Text.fixed(Double(calls) / time, 1), lateness.quantile(0.5, since: lateBefore),
                lateness.quantile(0.99, since: lateBefore),
                Text.mebibytes(Double(after.written - before.written) * 60 / time),
                "\(Text.fixed(ages.max() ?? 0, 0)) s", "\(late)",
            ])
    }

    /// How old the newest health results of some clusters are, in seconds; clusters without one are left out.
    private func ages(_ controller: Controller, of wanted: Range<Int>) async throws -> [Double] {
        let names = Set(wanted.map { "\(Fleet.name($0))-health" })
        let records = try await controller.records("ei")
        let now = Timestamp.now
        return records.compactMap { record in
            guard let name = record[path: "metadata", "name"]?.string, names.contains(name),
                let text = record[path: "status", "lastRunTime"]?.string, let time = Timestamp(text)
            else { return nil }
            return (now - time).seconds
        }
    }

    /// One look at all endpoints by the stock tool, the median of some.
    private func stockRound(_ fleet: Fleet) async throws -> Usage {
        var command = MeasuredCommand.etcdctl(fleet.endpoints.joined(separator: ","), "endpoint", "health")
        command.work = Double(fleet.endpoints.count)
        var usages: [Usage] = []
        for _ in 0..<options.rounds { usages.append(try await command.run(in: options.directory)) }
        usages.sort { $0.processor < $1.processor }
        return usages[usages.count / 2]
    }
}
