import Glibc
import TestSupport

/// The benchmarks: Lodestone and the stock tools, in the same run, in turns.
///
/// `lodestone-bench --directory DIR --lodestone PATH [NAME...]` runs them and prints tables in Markdown;
/// `lodestone-bench work ...` is one measured piece of work, in a process of its own as the stock tools are.
@main
struct Bench {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            if arguments.first == "work" {
                try await Work.run(Array(arguments.dropFirst()))
            } else {
                try await run(BenchOptions(arguments))
            }
        } catch {
            BenchOptions.print("error: \(error)", to: STDERR_FILENO)
            exit(1)
        }
    }

    /// Those that work on one database, and those that start what they need.
    private static let onDatabase = ["load", "snapshot", "range", "verify", "restore", "copy", "compare", "migrate"]
    private static let onTheirOwn = ["exact", "legacy", "fleet", "start", "list", "watch"]
    private static let all = onDatabase + onTheirOwn

    private static func run(_ options: BenchOptions) async throws {
        let names = options.names.isEmpty ? all : options.names
        if let unknown = names.first(where: { !all.contains($0) }) {
            throw BenchError("there is no benchmark \(unknown); there are \(all.joined(separator: ", "))")
        }
        // Real etcd servers keep their data where temporary files go.
        setenv("TMPDIR", options.directory, 1)
        BenchOptions.print(Machine.description + "\n")
        let onDatabase = onDatabase.filter { names.contains($0) }
        if !onDatabase.isEmpty {
            try await Database.with(options) { database in
                for name in onDatabase { try await section(name, options) { try await run(name, database, options) } }
            }
        }
        for name in onTheirOwn where names.contains(name) {
            try await section(name, options) { try await run(name, options) }
        }
    }

    private static func run(_ name: String, _ options: BenchOptions) async throws -> String {
        switch name {
        case "exact": try await ExactBenchmark(options).run()
        case "legacy": try await LegacyBenchmark(options).run()
        case "fleet": try await FleetBenchmark(options).run()
        case "list": try await ListBenchmark(options).run()
        case "watch": try await WatchBenchmark(options).run()
        default: try await StartBenchmark(options).run()
        }
    }

    private static func run(_ name: String, _ database: Database, _ options: BenchOptions) async throws -> String {
        switch name {
        case "load": try await LoadBenchmark(options, database).run()
        case "snapshot": try await SnapshotBenchmark(options, database).run()
        case "restore": try await RestoreBenchmark(options, database).run()
        case "migrate": try await MigrateBenchmark(options, database).run()
        case "copy": try await CopyBenchmark(options, database).run()
        case "compare": try await CompareBenchmark(options, database).run()
        case "range": try await RangeBenchmark(options, database).run()
        default: try await VerifyBenchmark(options, database).run()
        }
    }

    /// Runs one benchmark and prints its tables under a heading, with how busy the machine was.
    private static func section(
        _ name: String, _ options: BenchOptions, _ run: () async throws -> String
    ) async throws {
        options.say("\(name): begins")
        let (load, start) = (Machine.loadAverage, ContinuousClock.now)
        let text = try await run()
        let time = Text.fixed((ContinuousClock.now - start).seconds, 0)
        BenchOptions.print(
            "### \(name)\n\n\(text)\n\nLoad average \(load) before, \(Machine.loadAverage) after; took \(time) s.\n")
    }
}
