import Glibc
import Model
import Synchronization
import TestSupport
import Transport

/// Thousands of watches held by one API server: what they cost, and how soon a change reaches them.
struct WatchBenchmark {
    let options: BenchOptions
    private let records = 100
    private let updates = 30

    init(_ options: BenchOptions) {
        self.options = options
    }

    /// Runs it plain and over TLS, and returns tables.
    func run() async throws -> String {
        var memory = Table("", "streams", "base", "with them", "for one", "threads", "CPU at rest, per minute")
        var delays = Table("an update reaches", "p50", "p99", "max", "server's CPU for one update")
        var notes: [String] = []
        for isEncrypted in [false, true] {
            let name = isEncrypted ? "TLS" : "plain"
            try await ServedAPI.with(records: records, isEncrypted: isEncrypted, options) { api in
                try await api.withClient { client in
                    let watchers = Watchers()
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        try await warmUp(client)
                        let base = try ProcessFigures(of: api.process.pid)
                        for count in [min(1_000, options.watches), options.watches] {
                            try await open(count, watchers, client, &group)
                            options.say("\(name): \(count) watches are open")
                            let delay = try await update(api, client, watchers, count)
                            delays.add(
                                "\(Text.grouped(count)) watchers, \(name)", Text.seconds(delay.p50),
                                Text.seconds(delay.p99), Text.seconds(delay.most), Text.seconds(delay.processor))
                        }
                        try await Task.sleep(for: .seconds(12))
                        let (start, rest) = (try ProcessFigures(of: api.process.pid), ContinuousClock.now)
                        try await Task.sleep(for: .seconds(20))
                        let full = try ProcessFigures(of: api.process.pid)
                        let seconds = (ContinuousClock.now - rest).seconds
                        let grown = Double(full.memory - base.memory)
                        memory.add(
                            name, Text.grouped(options.watches), Text.mebibytes(Double(base.memory)),
                            Text.mebibytes(Double(full.memory)),
                            "\(Text.fixed(grown / Double(options.watches) / 1_024, 1)) KiB", "\(full.threads)",
                            Text.seconds((full.processor - start.processor).seconds * 60 / seconds))
                        notes.append("\(name): \(try await slowReader(api, client, watchers, group: &group))")
                        group.cancelAll()
                        while (try? await group.next()) != nil {}
                    }
                }
            }
        }
        return "\(memory.text)\n\n\(delays.text)\n\n\(notes.joined(separator: "\n\n"))"
    }

    // MARK: Parts

    private func warmUp(_ client: HTTPClient) async throws {
        for _ in 0..<50 { _ = try await client.send(ServedAPI.request(ServedAPI.clusters)) }
    }

    /// Opens watches until there are so many, a few at a time.
    private func open(
        _ count: Int, _ watchers: Watchers, _ client: HTTPClient, _ group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        while watchers.opened < count {
            let goal = min(count, watchers.opened + 100)
            for _ in watchers.opened..<goal {
                group.addTask { try await watchers.watch(client) }
            }
            try await eventually("\(goal) watches are open", timeout: .seconds(60), poll: .milliseconds(2)) {
                watchers.opened >= goal
            }
        }
    }

    private struct Delay {
        let p50: Double
        let p99: Double
        let most: Double
        let processor: Double
    }

    /// Changes records one after the other and waits until everyone has heard of each.
    private func update(
        _ api: ServedAPI, _ client: HTTPClient, _ watchers: Watchers, _ count: Int
    ) async throws -> Delay {
        var all: [Double] = []
        let before = try ProcessFigures(of: api.process.pid)
        for index in 0..<updates {
            watchers.begin()
            try await change(client, index, "u\(count)-\(index)")
            try await eventually("all \(count) were told", timeout: .seconds(30), poll: .milliseconds(1)) {
                watchers.told >= count
            }
            all += watchers.delays
        }
        let after = try ProcessFigures(of: api.process.pid)
        all.sort()
        return Delay(
            p50: all[all.count / 2], p99: all[all.count * 99 / 100], most: all[all.count - 1],
            processor: (after.processor - before.processor).seconds / Double(updates))
    }

    private func change(_ client: HTTPClient, _ index: Int, _ note: String) async throws {
        let name = "cluster-\(String(100_000 + index % records).dropFirst())"
        let patch: Value = ["metadata": ["annotations": ["bench": .string(note)]]]
        let answer = try await client.send(
            ServedAPI.request("\(ServedAPI.clusters)/\(name)", method: "PATCH", body: patch.jsonBytes))
        guard answer.status == 200 else { throw BenchError("the change was answered \(answer.status): \(answer.text)") }
    }

    /// Stops one reader in its tracks while much happens, and looks at what that costs the others and the server.
    private func slowReader(
        _ api: ServedAPI, _ client: HTTPClient, _ watchers: Watchers,
        group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws -> String {
        let slow = try await ChildProcess.start(
            "/usr/bin/curl",
            [
                "-sSNk", "--noproxy", "*", "-H", "Authorization: Bearer \(Work.token)",
                "\(api.url)\(ServedAPI.clusters)?watch=true",
            ])
        try await Task.sleep(for: .milliseconds(500))
        slow.signal(SIGSTOP)
        let before = try ProcessFigures(of: api.process.pid).memory
        let start = ContinuousClock.now
        let text = String(repeating: "x", count: 8_000)
        let count = 100
        for index in 0..<count { try await change(client, index, "\(index)\(text)") }
        let took = (ContinuousClock.now - start).seconds
        let after = try ProcessFigures(of: api.process.pid).memory
        slow.signal(SIGKILL)
        return "With one of the readers stopped (SIGSTOP) \(count) changes of 10 KB each went out to the other "
            + "\(Text.grouped(watchers.opened)) in \(Text.seconds(took)); the server's memory went from "
            + "\(Text.mebibytes(Double(before))) to \(Text.mebibytes(Double(after)))."
    }
}

/// Those who watch, and when each of them was told.
private final class Watchers: Sendable {
    private struct State {
        var start = ContinuousClock.now
        var delays: [Double] = []
    }

    private let count = Atomic<Int>(0)
    private let state = Mutex(State())

    /// How many watch.
    var opened: Int { count.load(ordering: .relaxed) }
    /// How many were told of the change.
    var told: Int { state.withLock { $0.delays.count } }
    /// How long that took for each.
    var delays: [Double] { state.withLock { $0.delays } }

    /// A change is about to be made.
    func begin() {
        state.withLock { $0 = State() }
    }

    /// Watches until it is cancelled.
    func watch(_ client: HTTPClient) async throws {
        let request = ServedAPI.request(
            "\(ServedAPI.clusters)?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan"
        )
        var stream = try await client.stream(request)
        // The server takes so many requests a second from one user, and streams are opened by requests.
        while stream.status == 429 {
            try await Task.sleep(for: .seconds(1))
            stream = try await client.stream(request)
        }
        guard stream.status == 200 else { throw BenchError("a watch was answered \(stream.status)") }
        count.add(1, ordering: .relaxed)
        for try await chunk in stream where chunk.suffix(2) == [UInt8(ascii: "}"), UInt8(ascii: "\n")] {
            let now = ContinuousClock.now
            state.withLock { $0.delays.append((now - $0.start).seconds) }
        }
    }
}
