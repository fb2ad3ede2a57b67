import Testing

@testable import Etcd

struct WatchTableTests {
    /// A table with two watches on a stream that stands; they have the numbers 1 and 2.
    private func connected(
        ordered: Bool = false, doubtsToken: Bool = false, reportsProgress: Bool = false
    ) -> WatchTable {
        var table = WatchTable()
        let options = WatchOptions(reportsProgress: reportsProgress)
        let early = [table.add(10, .prefix("a"), from: 5, options), table.add(20, .prefix("b"), from: nil, options)]
        #expect(early == [nil, nil])
        let requests = table.connect(hasOrderedProgress: ordered, doubtsToken: doubtsToken)
        #expect(requests.count == 2)
        return table
    }

    private func describe(_ effects: [WatchTable.Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .deliver(let key, let batch): "\(key): \(batch.summary) up to \(batch.revision)"
            case .fail(let key, let error): "\(key): \(error.code)"
            case .reconnect(let error): "reconnect: \(error.code)"
            }
        }
    }

    private func receive(_ table: inout WatchTable, _ message: WatchMessage) -> [String] {
        describe(table.receive(message, from: "http://m0"))
    }

    @Test("Events go to the watch they are for")
    func delivery() throws {
        var table = connected()
        #expect(receive(&table, try .make(1, created: true)).isEmpty)
        #expect(receive(&table, try .make(2, revision: 30, created: true)).isEmpty)
        #expect(receive(&table, try .make(1, events: [("a1", 6)])) == ["10: [\"a1@6\"] up to 6"])
        #expect(receive(&table, try .make(2, events: [("b1", 31)])) == ["20: [\"b1@31\"] up to 31"])
    }

    @Test("After a broken stream every watch starts after what it delivered, under a new number")
    func resumption() throws {
        var table = connected()
        _ = receive(&table, try .make(1, created: true))
        _ = receive(&table, try .make(2, revision: 30, created: true))
        _ = receive(&table, try .make(1, events: [("a1", 8)]))
        table.disconnect()
        let requests = table.connect(hasOrderedProgress: false, doubtsToken: false)
        #expect(
            requests == [
                WatchRequest.create(.prefix("a"), number: 3, revision: 9, WatchOptions()),
                WatchRequest.create(.prefix("b"), number: 4, revision: 31, WatchOptions()),
            ])
        #expect(receive(&table, try .make(1, events: [("a1", 8)])).isEmpty)
        #expect(receive(&table, try .make(3, events: [("a1", 8), ("a2", 9)])) == ["10: [\"a2@9\"] up to 9"])
    }

    @Test("A compaction ends its watch alone and says where history begins")
    func compaction() throws {
        var table = connected()
        _ = receive(&table, try .make(1, created: true))
        _ = receive(&table, try .make(2, created: true))
        let effects = table.receive(
            try .make(1, revision: 0, cluster: 0, canceled: true, compacted: 40), from: "http://m0")
        #expect(describe(effects) == ["10: compacted"])
        guard case .fail(_, let error) = effects[0] else { return }
        #expect(error.compactRevision == 40)
        #expect(table.count == 1)
    }

    @Test("A refusal without a number belongs to the creation that is answered next")
    func refusal() throws {
        var table = connected()
        _ = receive(&table, try .make(1, created: true))
        let reason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
        #expect(
            receive(&table, try .make(-1, created: true, canceled: true, reason: reason)) == ["20: permissionDenied"])
    }

    @Test("A refusal that a forgotten token may have caused asks for a new one first")
    func forgottenToken() throws {
        var table = connected(doubtsToken: true)
        let reason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
        let refusal = try WatchMessage.make(-1, created: true, canceled: true, reason: reason)
        #expect(receive(&table, refusal) == ["reconnect: unauthenticated"])
        #expect(table.count == 2)
    }

    @Test("A parked watch takes nothing, and goes on after what it delivered")
    func parking() throws {
        var table = connected()
        _ = receive(&table, try .make(1, created: true))
        _ = receive(&table, try .make(1, events: [("a1", 8)]))
        let parked = table.park(10)
        #expect(parked == WatchRequest.cancel(1))
        #expect(receive(&table, try .make(1, events: [("a1", 9)])).isEmpty)
        let request = WatchRequest.create(.prefix("a"), number: 3, revision: 9, WatchOptions())
        let requests = [table.unpark(10), table.unpark(10)]
        #expect(requests == [request, nil])
    }

    @Test("Progress counts only from members that report it in order", arguments: [true, false])
    func progress(_ ordered: Bool) throws {
        var table = connected(ordered: ordered, reportsProgress: true)
        _ = receive(&table, try .make(1, created: true))
        _ = receive(&table, try .make(2, revision: 30, created: true))
        let expected = ordered ? ["10: [] up to 50", "20: [] up to 50"] : []
        #expect(receive(&table, try .make(-1, revision: 50)) == expected)
        table.disconnect()
        let requests = table.connect(hasOrderedProgress: ordered, doubtsToken: false)
        let options = WatchOptions(reportsProgress: true)
        #expect(requests[0] == WatchRequest.create(.prefix("a"), number: 3, revision: ordered ? 51 : 5, options))
    }

    @Test("Another cluster at the same address ends all watches")
    func otherCluster() throws {
        var table = connected()
        _ = receive(&table, try .make(1, created: true))
        #expect(
            receive(&table, try .make(2, cluster: 8, created: true)) == [
                "10: otherCluster", "20: otherCluster", "reconnect: otherCluster",
            ])
        #expect(table.count == 0)
    }
}
