import Client
import Model
import Store
import TestSupport
import Testing

struct EventsCommandTests {
    private static let now = Timestamp("2026-11-21T12:00:00Z") ?? .now

    private static func event(_ name: String, of cluster: String, type: String, minutesAgo: Int, count: Int = 1)
        -> Event
    {
        var event = Event()
        event.metadata = ObjectMeta(name: name)
        event.metadata.namespace = "default"
        event.involvedObject.kind = "EtcdCluster"
        event.involvedObject.name = cluster
        event.reason = "Reason\(name)"
        event.message = "what happened to \(cluster)"
        event.type = type
        event.count = Int64(count)
        event.lastTimestamp = now - .seconds(60 * minutesAgo)
        return event
    }

    @Test("Events are shown in the order in which they happened, of one record, of one type")
    func events() async throws {
        let fixture = try await ControllerFixture()
        for event in [
            Self.event("b", of: "orders", type: "Warning", minutesAgo: 1, count: 12),
            Self.event("a", of: "orders", type: "Normal", minutesAgo: 5),
            Self.event("c", of: "bills", type: "Normal", minutesAgo: 3),
        ] { try await fixture.store.create(event) }
        try await fixture.serving { _ in
            func run(_ line: String) async -> String {
                let session = fixture.session(now: Self.now)
                #expect(await session.run(line) == .success, "\(session.errors)")
                return session.output
            }
            #expect(
                await run("events") == """
                    LAST SEEN   TYPE      REASON    OBJECT               COUNT   MESSAGE
                    5m          Normal    Reasona   etcdcluster/orders       1   what happened to orders
                    3m          Normal    Reasonc   etcdcluster/bills        1   what happened to bills
                    1m          Warning   Reasonb   etcdcluster/orders      12   what happened to orders

                    """)
            #expect(await run("events --for ec/orders").split(separator: "\n").count == 3)
            #expect(await run("events -A --types Warning").hasPrefix("NAMESPACE   LAST SEEN"))
            #expect(await run("events --types Warning").split(separator: "\n").count == 2)
            #expect(await run("events -o json --for ec/bills").contains("\"reason\": \"Reasonc\""))
            let none = fixture.session()
            #expect(await none.run("events --for ec/nothing") == .success)
            #expect(none.errors == "no events\n" && none.output.isEmpty)
            #expect(await none.run("events --for ec") == .usage)
        }
    }
}
