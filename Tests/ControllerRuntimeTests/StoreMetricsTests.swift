import Store
import Telemetry
import TestSupport
import Testing

@testable import ControllerRuntime

@Suite(.timeLimit(.minutes(10)))
struct StoreMetricsTests {
    @Test("A scrape tells what the store holds, and nothing once it is closed")
    func scrape() async throws {
        let shop = try await Workshop()
        try await shop.store.create(Gadget("a"))
        shop.metrics.addCollector(StoreMetrics.collector(of: shop.store))
        let text = String(decoding: await shop.metrics.exposition(), as: UTF8.self)
        #expect(text.contains("lodestone_store_records{kind=\"lodestone.dev/Gadget\"} 1\n"))
        #expect(text.contains("lodestone_store_revision 2\n"))
        #expect(text.contains("lodestone_store_changes_total 2\n"))
        await shop.store.close()
        #expect(await shop.metrics.exposition().isEmpty)
    }
}
