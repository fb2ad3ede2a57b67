import Model
import Store
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(10)))
struct ControllerLoopTests {
    @Test("What a pass writes into the record is stored, and not heard as a change")
    func status() async throws {
        let shop = try await Workshop()
        try await shop.store.create(Gadget("a", size: 3))
        let loop = shop.loop(ContinuousClock()) { gadget in
            gadget.status.phase = "Size \(gadget.spec.size)"
            gadget.status.passes += 1
            return .settled
        }
        try await withRunning(loop.run) {
            try await eventually("the status is there") { try await shop.gadget("a").status.phase == "Size 3" }
            var gadget = try await shop.gadget("a")
            gadget.spec.size = 4
            try await shop.store.update(gadget)
            try await shop.store.create(Gadget("b"))
            try await eventually("both are done") {
                let (a, b) = (try await shop.gadget("a"), try await shop.gadget("b"))
                return a.status.phase == "Size 4" && b.status.phase == "Size 1"
            }
            try await eventually("the queue is empty") { loop.counts == (0, 0, 0) }
        }
        #expect(try await shop.gadget("a").status.passes == 2)
        #expect(try await shop.gadget("b").status.passes == 1)
        #expect(await shop.passes("settled") == 3)
        #expect(shop.lines.withLock { $0 }.contains { $0.contains("Settled record=\"Gadget default/b\" pass=") })
    }

    @Test("A pass that changes nothing writes nothing")
    func noWrite() async throws {
        let shop = try await Workshop()
        let gadget = try await shop.store.create(Gadget("a"))
        let loop = shop.loop(ContinuousClock()) { _ in .settled }
        try await withRunning(loop.run) {
            try await eventually("the pass is over") { await shop.passes("settled") == 1 }
        }
        #expect(try await shop.gadget("a") == gadget)
        #expect(try await shop.store.figures().writes.changes == 2)
    }

    @Test("What says nothing new is shown at once and written only after its time; news is written at once")
    func routine() async throws {
        let shop = try await Workshop()
        let gadget = try await shop.store.create(Gadget("a"))
        let phase = Shared("quiet")
        let loop = shop.loop(ContinuousClock(), { $0.routineAge = .seconds(600) }) { gadget in
            gadget.status.passes += 1
            gadget.status.phase = phase.withLock { $0 }
            return .settled
        }
        let (before, id) = (try await shop.store.figures().writes.changes, RecordID(of: gadget))
        try await withRunning(loop.run) {
            try await eventually("the first pass is written") {
                try await shop.store.figures().writes.changes == before + 1
            }
            let revision = try await shop.store.get(id).revision
            for pass in 2...6 {
                shop.wakeups.wake(id)
                try await eventually("pass \(pass) is seen") { try await shop.gadget("a").status.passes == pass }
            }
            #expect(try await shop.store.get(id).revision == revision)
            #expect(try await shop.store.figures().writes.changes == before + 1)
            phase.withLock { $0 = "loud" }
            shop.wakeups.wake(id)
            try await eventually("news is written") { try await shop.store.get(id).revision > revision }
            let news = try await shop.gadget("a")
            #expect(news.status.phase == "loud")
            #expect(news.status.passes == 7)
        }
    }

    @Test("The status is stored also when the pass fails, and the record is tried again after growing waits")
    func failures() async throws {
        let shop = try await Workshop()
        let clock = ManualClock()
        try await shop.store.create(Gadget("a"))
        let loop = shop.loop(clock, { $0.backoff = Backoff(first: .seconds(1), jitter: Jitter(0)) }) { gadget in
            gadget.status.passes += 1
            gadget.status.phase = "At \(clock.now.offset / .seconds(1))"
            if gadget.status.passes < 4 { throw Fault() }
            return .settled
        }
        try await withRunning(loop.run) {
            for (passes, seconds) in [(1, 1), (2, 2), (3, 4)] {
                try await eventually("pass \(passes) has failed") { await shop.passes("failed") == Double(passes) }
                #expect(try await shop.gadget("a").status.passes == passes)
                try await eventually("the next is planned") { loop.counts == (0, 0, 1) }
                clock.advance(by: .seconds(seconds) - .milliseconds(1))
                #expect(loop.counts == (0, 0, 1))
                clock.advance(by: .milliseconds(1))
            }
            try await eventually("it is done") { await shop.passes("settled") == 1 }
        }
        #expect(try await shop.gadget("a").status.phase == "At 7.0")
        #expect(
            shop.lines.withLock { $0 }.contains {
                $0.contains("WARNING test: Failed, to be tried again") && $0.contains("error=\"the gadget broke\"")
            })
    }

    @Test("A terminal failure is not tried again until the record changes")
    func terminal() async throws {
        let shop = try await Workshop()
        try await shop.store.create(Gadget("a", size: -1))
        let loop = shop.loop(ContinuousClock()) { gadget in
            gadget.status.passes += 1
            guard gadget.spec.size > 0 else { throw TerminalError("a size must be positive") }
            return .settled
        }
        try await withRunning(loop.run) {
            try await eventually("it has failed") { await shop.passes("terminal") == 1 }
            try await eventually("the queue is empty") { loop.counts == (0, 0, 0) }
            var gadget = try await shop.gadget("a")
            #expect(gadget.status.passes == 1)
            gadget.spec.size = 1
            try await shop.store.update(gadget)
            try await eventually("it is done") { await shop.passes("settled") == 1 }
        }
    }

    @Test("What must be on record first is stored before the pass that acts on it")
    func phases() async throws {
        let shop = try await Workshop()
        try await shop.store.create(Gadget("a"))
        let seen = Shared<[String]>([])
        let loop = shop.loop(ContinuousClock()) { gadget in
            let stored = try await shop.gadget("a").status.phase
            seen.withLock { $0.append(stored) }
            switch gadget.status.phase {
            case "": gadget.status.phase = "Starting"
            case "Starting": gadget.status.phase = "Started"
            default: return .settled
            }
            return .again(after: .zero, because: "the phase must be on record before the next step")
        }
        try await withRunning(loop.run) {
            try await eventually("it is done") { await shop.passes("settled") == 1 }
        }
        #expect(seen.withLock { $0 } == ["", "Starting", "Started"])
    }

    @Test("Finalizers are set and cleared through the record, and the record goes with the last")
    func finalizers() async throws {
        let shop = try await Workshop()
        try await shop.store.create(Gadget("a"))
        let loop = shop.loop(ContinuousClock()) { gadget in
            if gadget.metadata.deletionTimestamp != nil {
                gadget.metadata.finalizers.removeAll { $0 == "lodestone.dev/gadget" }
            } else if !gadget.metadata.finalizers.contains("lodestone.dev/gadget") {
                gadget.metadata.finalizers.append("lodestone.dev/gadget")
            }
            return .settled
        }
        try await withRunning(loop.run) {
            try await eventually("it is held") { try await shop.gadget("a").metadata.finalizers.count == 1 }
            try await shop.store.delete(try await shop.gadget("a"))
            try await eventually("it is gone") {
                do throws(StoreError) {
                    _ = try await shop.store.get(RecordID(of: Gadget("a")))
                    return false
                } catch .notFound {
                    return true
                }
            }
            try await eventually("the queue is empty") { loop.counts == (0, 0, 0) }
        }
        #expect(await shop.passes("failed") == 0)
    }

    @Test("A pass that takes too long is cancelled, and what it saw is stored")
    func timeout() async throws {
        let shop = try await Workshop()
        let clock = ManualClock()
        try await shop.store.create(Gadget("a"))
        let loop = shop.loop(clock, { $0.timeout = .seconds(5) }) { gadget in
            gadget.status.phase = "Asking"
            try? await clock.sleep(until: ManualClock.Instant(offset: .seconds(3600)), tolerance: nil)
            return .settled
        }
        try await withRunning(loop.run) {
            try await eventually("the pass and its timer wait") { clock.sleeperCount == 2 }
            clock.advance(by: .seconds(5))
            try await eventually("it has failed") { await shop.passes("failed") == 1 }
        }
        #expect(try await shop.gadget("a").status.phase == "Asking")
        #expect(shop.lines.withLock { $0 }.contains { $0.contains("did not end within 5.0 seconds") })
    }

    @Test("What a pass sees while the controller stops is not stored")
    func stopping() async throws {
        let shop = try await Workshop()
        try await shop.store.create(Gadget("a"))
        let loop = shop.loop(ContinuousClock()) { gadget in
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                gadget.status.phase = "All members are unreachable"
            }
            return .settled
        }
        try await withRunning(loop.run) {
            try await eventually("the pass runs") { loop.counts.running == 1 }
        }
        #expect(try await shop.gadget("a").status.phase == "")
    }

    @Test("People's changes during a pass are kept, and cause another pass")
    func concurrentEdit() async throws {
        let shop = try await Workshop()
        try await shop.store.create(Gadget("a"))
        let loop = shop.loop(ContinuousClock()) { gadget in
            if gadget.status.passes == 0 {
                var edited = try await shop.gadget("a")
                edited.spec.size = 2
                edited.metadata.labels = ["by": "hand"]
                try await shop.store.update(edited)
            }
            gadget.status.passes += 1
            gadget.status.phase = "Size \(gadget.spec.size)"
            gadget.metadata.annotations["passes"] = String(gadget.status.passes)
            return .settled
        }
        try await withRunning(loop.run) {
            try await eventually("the new size is seen") { try await shop.gadget("a").status.phase == "Size 2" }
        }
        let gadget = try await shop.gadget("a")
        #expect(gadget.spec.size == 2 && gadget.metadata.labels == ["by": "hand"])
        #expect(gadget.metadata.annotations["passes"] != nil)
    }

    @Test("Changes of related records, and the bell, wake the records concerned")
    func related() async throws {
        let shop = try await Workshop()
        let owner = try await shop.store.create(Gadget("owner"))
        try await shop.store.create(Gadget("user"))
        let loop = shop.loop(
            ContinuousClock(),
            related: [
                .owned(Secret.kind, by: Gadget.kind),
                RelatedRecords(Event.kind, when: !.any) { _ in [RecordID(of: Gadget("user"))] },
            ]
        ) { gadget in
            gadget.status.passes += 1
            return .settled
        }
        func passes(_ name: String) async throws -> Int64 { try await shop.gadget(name).status.passes }
        try await withRunning(loop.run) {
            try await eventually("both are done") {
                let counts = (try await passes("owner"), try await passes("user"))
                return counts == (1, 1)
            }
            var secret = Secret()
            secret.metadata = ObjectMeta(name: "s")
            secret.metadata.ownerReferences = [OwnerReference(to: owner)]
            try await shop.store.create(secret)
            try await eventually("the owner is woken") { try await passes("owner") == 2 }
            var event = Event()
            event.metadata = ObjectMeta(name: "e")
            event = try await shop.store.create(event)
            try await eventually("the user is woken") { try await passes("user") == 2 }
            event.count = 2
            try await shop.store.update(event)
            try await shop.store.delete(secret)
            try await eventually("the owner is woken") { try await passes("owner") == 3 }
            shop.wakeups.wake(owner)
            try await eventually("the owner is woken") { try await passes("owner") == 4 }
            #expect(try await passes("user") == 2)
        }
    }

    @Test("A loop that lost its place in the history lists everything anew")
    func relist() async throws {
        let shop = try await Workshop(historyCount: 64)
        var first = try await shop.store.create(Gadget("first"))
        let gate = Gate()
        let filter = ChangeFilter { _, _ in
            gate.pass()
            return true
        }
        let loop = shop.loop(ContinuousClock(), filter: filter) { gadget in
            gadget.status.phase = "Done"
            return .settled
        }
        try await withRunning(loop.run) {
            try await eventually("the first is done") { try await shop.gadget("first").status.phase == "Done" }
            // The loop's ear is held shut while more happens than the history keeps.
            gate.shut()
            first = try await shop.gadget("first")
            first.spec.size = 2
            try await shop.store.update(first)
            for batch in 0..<4 {
                try await withThrowingDiscardingTaskGroup { group in
                    for index in 0..<400 {
                        group.addTask { try await shop.store.create(Gadget("g\(batch)-\(index)")) }
                    }
                }
            }
            gate.open()
            try await eventually("all are done", timeout: .seconds(30)) {
                try await shop.store.list(Gadget.self).allSatisfy { $0.status.phase == "Done" }
            }
        }
        #expect(
            shop.lines.withLock { $0 }.contains { $0.contains("listing it anew") && $0.contains("too old resource") })
    }

    @Test("A thousand records are all done, and done again by a loop that starts anew")
    func restart() async throws {
        let shop = try await Workshop()
        try await withThrowingDiscardingTaskGroup { group in
            for index in 0..<1000 { group.addTask { try await shop.store.create(Gadget("g\(index)")) } }
        }
        for round in 1...2 {
            let loop = shop.loop(ContinuousClock(), { $0.startSpread = .milliseconds(200) }) { gadget in
                gadget.status.passes += 1
                return .again(after: .seconds(3600), because: "it is inspected every hour")
            }
            try await withRunning(loop.run) {
                try await eventually("all are done", timeout: .seconds(30)) { loop.counts == (0, 0, 1000) }
            }
            #expect(try await shop.store.list(Gadget.self).allSatisfy { $0.status.passes == round })
        }
    }
}

struct Fault: Error, CustomStringConvertible {
    let description = "the gadget broke"
}
