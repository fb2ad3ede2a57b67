import Etcd
import Glibc
import Replication
import Synchronization
import TestSupport
import Transport

/// The tail of a live migration: recorded revisions into a restored destination, and `make-mirror` catching up.
struct ExactBenchmark {
    let options: BenchOptions

    /// How many keys there are; make-mirror copies them one by one before its tail begins.
    private let keys = 10_000
    private let revisions = 40_000
    private let mirrored = 8_000

    init(_ options: BenchOptions) {
        self.options = options
    }

    /// Runs it between servers of its own and returns a table.
    func run() async throws -> String {
        try await withRealEtcd(quota: 8 << 30) { source in
            let endpoint = source.endpoints[0]
            let scratch = source.scratchDirectory
            _ = try await worker("load", endpoint, "/registry/pods/ns-", "\(keys)", "300", "random").run(in: scratch)
            let (spool, snapshot) = ("\(scratch)/spool", "\(scratch)/seed.db")
            options.say("recording \(revisions) revisions")
            let last = try await record(source, spool, snapshot)
            let contest = Contest(
                unit: "revisions",
                contenders: [
                    ours("Lodestone into a tuned destination (`GOMAXPROCS=1`)", ["GOMAXPROCS": "1"]) {
                        try await replay(source, $0, spool, snapshot, last, environment: $1)
                    },
                    ours("the same, destination as it is", [:]) {
                        try await replay(source, $0, spool, snapshot, last, environment: $1)
                    },
                    Contest.Contender(name: "`etcdctl make-mirror`, catching up with \(mirrored) revisions") { round in
                        try await mirror(source, round)
                    },
                ])
            let table = try await contest.run(rounds: options.rounds, options).table
            return
                "A recorded tail of \(Text.grouped(revisions)) revisions (85 % one put of 300 bytes, 10 % one deletion, "
                + "5 % five puts) over \(Text.grouped(keys)) keys into one etcd \(source.version.rawValue) member on "
                + "disk with `fsync` on, restored from the snapshot; Lodestone's time includes its start. make-mirror "
                + "is stopped once it is in step, lets \(Text.grouped(mirrored)) revisions go by, and is let go; its "
                + "processor time is not measured.\n\n"
                + table.text
        }
    }

    private func ours(
        _ name: String, _ environment: [String: String],
        _ run: @escaping (Int, [String: String]) async throws -> Usage
    ) -> Contest.Contender {
        Contest.Contender(name: name) { try await run($0, environment) }
    }

    private func worker(_ arguments: String...) -> MeasuredCommand {
        MeasuredCommand(command: [options.executable, "work"] + arguments)
    }

    /// Records the tail behind a snapshot; returns its last revision.
    private func record(_ source: RealEtcd, _ spool: String, _ snapshot: String) async throws -> Int64 {
        try await Work.withClient(source.endpoints[0]) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let progress = Mutex(SourceRecorder.Progress())
                group.addTask {
                    try await SourceRecorder(EtcdEndpoints(client), into: RevisionSpool(directory: spool)).run { told in
                        progress.withLock { $0 = told }
                    }
                }
                try await eventually("the source is watched") { progress.withLock { $0.isSynced } }
                try await source.etcdctl("snapshot", "save", snapshot)
                _ = try await worker("tail", source.endpoints[0], "\(revisions)", "\(keys)", "1")
                    .run(in: source.scratchDirectory)
                let last = try await client.range(RangeRequest(.key([0]), content: .countOnly)).header.revision
                try await eventually("everything is recorded", timeout: .seconds(60)) {
                    progress.withLock { $0.spooled >= last }
                }
                group.cancelAll()
                while (try? await group.next()) != nil {}
                return last
            }
        }
    }

    private func replay(
        _ source: RealEtcd, _ round: Int, _ spool: String, _ snapshot: String, _ last: Int64,
        environment: [String: String]
    ) async throws -> Usage {
        try await withRealEtcd(
            quota: 8 << 30, extraArguments: ["--max-request-bytes", "8388608"], environment: environment,
            snapshot: snapshot
        ) { destination in
            // Every round needs the spool as it was recorded: the source goes on for make-mirror.
            let copy = "\(destination.scratchDirectory)/spool"
            _ = try await MeasuredCommand(command: ["/bin/cp", "-r", spool, copy]).run(in: source.scratchDirectory)
            let from = try await Work.withClient(destination.endpoints[0]) { client in
                try await client.range(RangeRequest(.key([0]), content: .countOnly)).header.revision
            }
            var command = worker("replay", source.endpoints[0], destination.endpoints[0], copy, "\(last)")
            command.work = Double(last - from)
            command.output = "\(destination.scratchDirectory)/replay"
            let usage = try await command.run(in: source.scratchDirectory)
            let said = (readTextFile(command.output) ?? "").split(separator: "\n").first ?? ""
            options.say("\(environment.isEmpty ? "as it is" : "tuned"): \(said), load \(Machine.loadAverage)")
            let hashes = try await Work.withClient(source.endpoints[0]) { from in
                try await Work.withClient(destination.endpoints[0]) { to in
                    (try await from.hashKV(revision: last), try await to.hashKV(revision: last))
                }
            }
            guard hashes.0.hash == hashes.1.hash else { throw BenchError("the destination is not the source") }
            return usage
        }
    }

    private func mirror(_ source: RealEtcd, _ round: Int) async throws -> Usage {
        try await withRealEtcd(quota: 8 << 30) { destination in
            let child = try await ChildProcess.start(
                "/usr/bin/etcdctl",
                [
                    "--endpoints", source.endpoints[0], "make-mirror", "--prefix", "/registry/",
                    destination.endpoints[0],
                ],
                environment: ["PATH": "/usr/bin:/bin", "ETCDCTL_API": "3"])
            defer { child.signal(SIGKILL) }
            return try await Work.withClient(source.endpoints[0]) { from in
                try await Work.withClient(destination.endpoints[0]) { to in
                    let mark = "/registry/zz-mark"
                    func waitForMark(_ value: String) async throws {
                        try await from.put(mark, value)
                        try await eventually("\(value) is mirrored", timeout: .seconds(240), poll: .milliseconds(5)) {
                            try await to.get(mark)?.valueText == value
                        }
                    }
                    try await eventually("make-mirror has begun", timeout: .seconds(60)) {
                        try await to.count(.all) > 0
                    }
                    try await waitForMark("in step \(round)")
                    child.signal(SIGSTOP)
                    let tail = worker("tail", source.endpoints[0], "\(mirrored)", "\(keys)", "\(100 + round)")
                    _ = try await tail.run(in: source.scratchDirectory)
                    let start = ContinuousClock.now
                    child.signal(SIGCONT)
                    try await waitForMark("caught up \(round)")
                    return Usage(
                        wall: .now - start, processor: .zero, peakMemory: nil, work: Double(mirrored))
                }
            }
        }
    }
}
