import Etcd
import Glibc
import TestSupport
import Transport

/// Bringing a v2 store into the keys of a cluster while it serves, against etcd's own tool, for which it must be
/// stopped.
struct LegacyBenchmark {
    /// How many keys lie in one directory.
    private static let keysPerDirectory = 50
    /// How many programs write at a time.
    private static let writers = 8
    /// How many changes are made while a replication follows.
    private static let changes = 20_000

    private let options: BenchOptions

    init(_ options: BenchOptions) {
        self.options = options
    }

    /// Runs it and returns its tables.
    func run() async throws -> String {
        // Every key is a request of its own, and has to be there once only.
        let keys = min(options.keys, 50_000)
        return try await withRealEtcd(extraArguments: LegacyStore.arguments) { source in
            let engine = HTTPEngine(name: "bench-writers")
            defer { engine.shutdown() }
            let store = try LegacyStore(engine: engine, url: source.endpoints[0])
            let value = String(repeating: "v", count: options.valueSize)
            options.say("writing \(keys) keys of \(options.valueSize) bytes into a v2 store")
            try await write(keys) { number in
                try await store.put("/registry/d\(number / Self.keysPerDirectory)/k\(number)", value)
            }
            try await source.stop(0)
            let stopped = "\(source.scratchDirectory)/stopped"
            try await copy(source.members[0].dataDirectory, stopped)
            try await source.launch(0)
            try await source.waitUntilHealthy()
            let table = try await contest(source, stopped, keys).run(rounds: options.rounds, options).table
            let tail = try await tail(source, store, value)
            return
                "\(Text.grouped(keys)) keys of \(options.valueSize) bytes in \(keys / Self.keysPerDirectory) directories of "
                + "the v2 store of one member, to another member, both on this disk with fsync. The stock tool works on the "
                + "files of a stopped member and drops times to live.\n\n\(table.text)\n\n\(tail)"
        }
    }

    private func contest(_ source: RealEtcd, _ stopped: String, _ keys: Int) -> Contest {
        Contest(
            unit: "keys",
            contenders: [
                Contest.Contender(name: "Lodestone, live, until it follows") { _ in
                    try await withRealEtcd(quota: 8 << 30) { target in
                        let usage = try await worker(source, target, nil, keys).run(in: source.scratchDirectory)
                        let count = try await Work.withClient(target.endpoints[0]) { client in
                            try await client.count(.prefix("/registry/"), timeout: .seconds(30))
                        }
                        guard count == Int64(keys) else { throw BenchError("\(count) keys were brought over") }
                        return usage
                    }
                },
                Contest.Contender(name: "`etcdctl migrate`, source stopped") { round in
                    let directory = "\(source.scratchDirectory)/migrate-\(round)"
                    try await copy(stopped, directory)
                    return try await MeasuredCommand(
                        command: ["/usr/bin/etcdctl", "migrate", "--data-dir", directory], work: Double(keys)
                    ).run(in: source.scratchDirectory)
                },
            ])
    }

    private func worker(_ source: RealEtcd, _ target: RealEtcd, _ key: String?, _ work: Int) -> MeasuredCommand {
        let arguments = [options.executable, "work", "legacy", source.endpoints[0], target.endpoints[0]]
        return MeasuredCommand(command: arguments + (key.map { [$0] } ?? []), work: Double(work))
    }

    /// How long after the last change everything has arrived, with writers that write as fast as they can.
    private func tail(_ source: RealEtcd, _ store: LegacyStore, _ value: String) async throws -> String {
        try await withRealEtcd(quota: 8 << 30) { target in
            async let usage = worker(source, target, "/registry/last", Self.changes).run(in: source.scratchDirectory)
            try await Work.withClient(target.endpoints[0]) { client in
                let key = "/registry/d0/k0"
                try await eventually("the tree is there", timeout: .seconds(120)) {
                    // What follows the first change is the tail.
                    let mark = "\(UInt32.random(in: 0 ... .max))"
                    try await store.put(key, mark)
                    try await Task.sleep(for: .milliseconds(300))
                    return try await client.get(key)?.valueText == mark
                }
            }
            let begin = ContinuousClock.now
            try await write(Self.changes) { number in
                try await store.put("/registry/d\(number % 400)/k\(number)", value)
            }
            let written = ContinuousClock.now
            try await store.put("/registry/last", "1")
            let figures = try await usage
            let late = ContinuousClock.now - written
            let rate = Double(Self.changes) / (written - begin).seconds
            return "Following \(Self.writers) writers that make \(Text.fixed(rate, 0)) changes a second: all is there "
                + "\(Text.seconds(late.seconds)) after the last of \(Text.grouped(Self.changes)) changes, end of the "
                + "process included; peak RSS \(figures.peakMemory.map { Text.mebibytes(Double($0)) } ?? "–")."
        }
    }

    private func write(_ count: Int, _ put: @Sendable @escaping (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<Self.writers {
                group.addTask {
                    for number in stride(from: writer, to: count, by: Self.writers) { try await put(number) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func copy(_ source: String, _ target: String) async throws {
        let result = try await ChildProcess.run("/bin/cp", ["-r", source, target], timeout: .seconds(60))
        guard result.status == 0 else { throw BenchError("\(source) cannot be copied: \(result.errors)") }
    }
}
