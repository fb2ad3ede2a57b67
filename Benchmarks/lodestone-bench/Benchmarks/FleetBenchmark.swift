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
        try await Fleet.with(options.clusters, options) { fleet in
            let directory = "\(options.directory)/controller"
            defer { removeTree(directory) }
            return try await Controller.with(in: directory, options) { controller in
                try await watch(controller, fleet)
            }
        }
    }

    private func watch(_ controller: Controller, _ fleet: Fleet) async throws -> String {
        let applied = try await controller.client(["apply", "-f", fleet.manifest])
        options.say("applied \(fleet.endpoints.count) records in \(Text.seconds(applied.wall.seconds))")
        let settled = ContinuousClock.now
        try await eventually("all clusters have been inspected", timeout: .seconds(120), poll: .seconds(2)) {
            try await ages(controller, of: 0..<fleet.endpoints.count).count == fleet.endpoints.count
        }
        options.say("all inspected \(Text.seconds((ContinuousClock.now - settled).seconds)) later; settling")
        try await Task.sleep(for: .seconds(2 * Self.interval))

        var table = Table(
            "", "CPU per minute", "CPU per inspection", "RSS (peak)", "inspections/s at the members",
            "oldest result of a living cluster", "late")
        let alive = try await stretch(controller, fleet.servers, 0..<fleet.endpoints.count)
        table.add(["all \(fleet.endpoints.count) clusters answer"] + alive.cells)
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
            Text.mebibytes(Double(stock.peakMemory ?? 0)), "–", "–", "–")
        return
            "\(fleet.endpoints.count) records on distinct addresses, answered by \(fleet.servers.count) etcd servers; "
            + "watched for \(options.window) s each. Applying them took \(Text.seconds(applied.wall.seconds)). CPU per "
            + "minute is \(Text.ratio(alive.perMinute / perMinute)) of the stock tool's, which keeps no result.\n\n"
            + table.text
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
        let callsBefore = try await Fleet.answered("Status", by: servers)
        let (before, start) = (try controller.figures(), ContinuousClock.now)
        try await Task.sleep(for: .seconds(options.window))
        let after = try controller.figures()
        let time = (ContinuousClock.now - start).seconds
        let calls = try await Fleet.answered("Status", by: servers) - callsBefore
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
                Text.fixed(Double(calls) / time, 1), "\(Text.fixed(ages.max() ?? 0, 0)) s", "\(late)",
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
