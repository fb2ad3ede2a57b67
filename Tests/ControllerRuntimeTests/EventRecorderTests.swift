import Model
import Store
import Telemetry
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(10)))
struct EventRecorderTests {
    @Test("What is said of a record becomes an event that kubectl can show")
    func recording() async throws {
        let shop = try await Workshop()
        let gadget = try await shop.store.create(Gadget("a"))
        let recorder = recorder(shop)
        try await withRunning(recorder.run) {
            recorder.normal(gadget, "Started", "Member m1 was started.")
            recorder.warning(gadget, "Stopped", "Member m1 ended with signal 9.")
            try await eventually("both are there") { try await events(shop).count == 2 }
        }
        let event = try #require(try await events(shop).first { $0.reason == "Stopped" })
        #expect(event.type == "Warning" && event.count == 1)
        #expect(event.involvedObject == ObjectReference(to: gadget))
        #expect(event.source.component == "lodestone")
        #expect(event.metadata.namespace == "default" && event.metadata.name.hasPrefix("a."))
        #expect(event.firstTimestamp == event.lastTimestamp && event.firstTimestamp != nil)
    }

    @Test("The same thing said again is counted, also by a recorder that starts anew")
    func counting() async throws {
        let shop = try await Workshop()
        let gadget = try await shop.store.create(Gadget("a"))
        let time = Shared(Timestamp(secondsSinceEpoch: 1_000))
        for round in 1...3 {
            let recorder = recorder(shop, now: { time.withLock { $0 } })
            try await withRunning(recorder.run) {
                for _ in 0..<100 { recorder.normal(gadget, "Probed", "All is well.") }
                try await eventually("it is counted") { try await events(shop).first?.count == Int64(round * 100) }
            }
            time.withLock { $0 = $0 + .seconds(60) }
        }
        let event = try #require(try await events(shop).first)
        #expect(try await events(shop).count == 1)
        #expect(event.firstTimestamp == Timestamp(secondsSinceEpoch: 1_000))
        #expect(event.lastTimestamp == Timestamp(secondsSinceEpoch: 1_120))
    }

    @Test("Messages that differ every time are combined after some")
    func combining() async throws {
        let shop = try await Workshop()
        let gadget = try await shop.store.create(Gadget("a"))
        let recorder = recorder(shop)
        try await withRunning(recorder.run) {
            for index in 0..<60 { recorder.warning(gadget, "Behind", "Member m1 is \(index) revisions behind.") }
            recorder.warning(gadget, "Other", "This is something else.")
            try await eventually("all are counted") { try await events(shop).map(\.count).reduce(0, +) == 61 }
        }
        let behind = try await events(shop).filter { $0.reason == "Behind" }
        #expect(behind.count == 11)
        #expect(
            behind.first { $0.count == 50 }?.message
                == "(combined from similar events): Member m1 is 59 revisions behind.")
    }

    @Test("The last words before a stop are written")
    func lastWords() async throws {
        let shop = try await Workshop()
        let gadget = try await shop.store.create(Gadget("a"))
        let clock = ManualClock()
        let recorder = recorder(shop, clock: clock)
        try await withRunning(recorder.run) {
            recorder.normal(gadget, "Stopping", "The controller stops.")
            try await eventually("it waits to write") { clock.sleeperCount == 2 }
        }
        #expect(try await events(shop).map(\.reason) == ["Stopping"])
    }

    @Test("Events of a namespace that is gone are dropped without a fuss")
    func goneNamespace() async throws {
        let shop = try await Workshop()
        var gadget = Gadget("a")
        gadget.metadata.namespace = "gone"
        let recorder = recorder(shop)
        try await withRunning(recorder.run) {
            recorder.normal(gadget, "Removed", "It is gone.")
            try await eventually("it is dropped") {
                String(decoding: await shop.metrics.exposition(), as: UTF8.self)
                    .contains("lodestone_events_dropped_total 1\n")
            }
        }
        #expect(shop.lines.withLock { $0 } == [])
    }

    @Test("Old events go, and the oldest when there are too many")
    func pruning() async throws {
        let shop = try await Workshop()
        let now = Timestamp(secondsSinceEpoch: 1_000_000)
        for minutes in 0..<20 {
            var event = Event()
            event.metadata = ObjectMeta(name: "e\(minutes)")
            event.lastTimestamp = now - .seconds(minutes * 60)
            try await shop.store.create(event)
        }
        var options = EventRecorder.Options()
        options.age = .seconds(600)
        try await EventRecorder(
            store: shop.store, options: options, now: { now }, logger: .silent, metrics: shop.metrics
        ).pruneOnce()
        #expect(Set(try await events(shop).map(\.metadata.name)) == Set((0...10).map { "e\($0)" }))
        options.count = 3
        try await EventRecorder(
            store: shop.store, options: options, now: { now }, logger: .silent, metrics: shop.metrics
        ).pruneOnce()
        #expect(Set(try await events(shop).map(\.metadata.name)) == ["e0", "e1", "e2"])
    }

    private func recorder(
        _ shop: Workshop, clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Timestamp = { .now }
    ) -> EventRecorder {
        var options = EventRecorder.Options()
        options.delay = .milliseconds(5)
        return EventRecorder(
            store: shop.store, options: options, clock: clock, now: now, logger: shop.logger, metrics: shop.metrics)
    }

    private func events(_ shop: Workshop) async throws -> [Event] {
        try await shop.store.list(Event.self)
    }
}
