import Glibc
import Model
import TestSupport
import Testing
import Threads

@testable import Store

/// Kills a process that writes, at random instants, and looks at what it left.
@Suite(.timeLimit(.minutes(10)))
struct KillTests {
    private let scratch = ScratchDirectory()

    @Test("Whatever the instant of a kill, every acknowledged write is there, and log and records agree")
    func kill() async throws {
        let directory = try scratch.path
        var total = 0
        for round in 0..<32 {
            let name = "round\(round)"
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [directory = directory as String, name = name as String] in
                try await Writer(directory: directory, name: name).runUntilKilled()
            }
            let store = try await scratch.open()
            let acknowledged = try readAcknowledgements(directory, name)
            total += acknowledged.count
            try await verify(store, acknowledged, name)
            await store.close()
        }
        #expect(total > 100, "the writers hardly wrote")
    }

    /// The revision each record had when its last acknowledged write returned; 0 for one that was removed.
    private func readAcknowledgements(_ directory: String, _ name: String) throws -> [String: Int64] {
        guard access("\(directory)/\(name).log", F_OK) == 0 else { return [:] }
        let text = String(decoding: try readBytes("\(directory)/\(name).log"), as: UTF8.self)
        var revisions: [String: Int64] = [:]
        // Each line was one write(2), so only whole lines are there.
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let revision: Int64 = try #require(Int64(words[1]))
            revisions[String(words[0])] = revision
        }
        return revisions
    }

    private func verify(_ store: RecordStore, _ acknowledged: [String: Int64], _ round: String) async throws {
        let records = try await store.list(.widgets).records
        let byName = Dictionary(uniqueKeysWithValues: records.map { ($0.id.name, $0) })
        for (name, revision) in acknowledged {
            if revision == 0 {
                #expect(byName[name] == nil, "\(name) came back")
            } else {
                // The write after it may have been on disk but not acknowledged yet: a newer state, or a removal.
                guard let record = byName[name] else { continue }
                #expect(record.revision >= revision)
            }
        }
        // At most one write a task was under way: so many records at most may be gone without an acknowledgement.
        let missing = acknowledged.filter { $0.value > 0 && byName[$0.key] == nil }
        #expect(missing.count <= Writer.tasks)

        // What the log says happened, told from its beginning, is what the records say.
        var replayed: [String: Record] = [:]
        let figures = try await store.figures()
        var events = store.watch(.widgets, from: .after(figures.compactedRevision)).makeAsyncIterator()
        let last = try await store.create(Widget("\(round)-end"))
        while let event = try await events.next() {
            switch event {
            case .added(let record), .modified(let record, _): replayed[record.id.name] = record
            case .deleted(let record): replayed[record.id.name] = nil
            case .complete, .bookmark: break
            }
            if case .added(let record) = event, record.revision == last.revision { break }
        }
        replayed["\(round)-end"] = nil
        if figures.compactedRevision == 0 { #expect(replayed == byName) }
        for (name, record) in replayed { #expect(byName[name] == record) }
    }
}

/// The process that is killed: several tasks create, change and remove records and note what was acknowledged.
private struct Writer {
    static let tasks = 8
    let directory: String
    let name: String

    func runUntilKilled() async throws {
        let options = StoreOptions(directory: directory, kinds: [Namespace.kind, Widget.kind])
        let log = open("\(directory)/\(name).log", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let delay = Duration.microseconds(Int.random(in: 0...120_000))
        let isEarly = Int.random(in: 0..<4) == 0
        if isEarly { scheduleKill(after: delay / 4) }
        let store = try await RecordStore.open(options)
        if !isEarly { scheduleKill(after: delay) }
        try await withThrowingDiscardingTaskGroup { group in
            for task in 0..<Self.tasks {
                group.addTask {
                    for number in 0... {
                        var widget = try await store.create(Widget("\(name)-\(task)-\(number)"))
                        note(widget.metadata.name, widget.revision, in: log)
                        widget.status.phase = "Good"
                        widget = try await store.updateStatus(widget)
                        note(widget.metadata.name, widget.revision, in: log)
                        guard number % 3 == 0 else { continue }
                        try await store.delete(widget)
                        note(widget.metadata.name, 0, in: log)
                    }
                }
            }
        }
    }

    private func note(_ name: String, _ revision: Int64, in log: Int32) {
        let line = Array("\(name) \(revision)\n".utf8)
        _ = write(log, line, line.count)
    }

    /// Has a thread kill this process.
    private func scheduleKill(after delay: Duration) {
        let microseconds = UInt32(max(0, delay / .microseconds(1)))
        DetachedThread.start {
            usleep(microseconds)
            kill(getpid(), SIGKILL)
        }
    }
}
