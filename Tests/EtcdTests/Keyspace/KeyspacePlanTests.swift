import Testing

@testable import Etcd

struct KeyspacePlanTests {
    /// A keyspace in memory that answers as a member does, and what its answers would have cost.
    private struct Simulation {
        let keys: [[UInt8]]
        var requests = 0
        /// Keys that the member would have looked at: every key of every range asked for.
        var visited = 0

        mutating func answer(_ fetch: KeyspacePlan.Fetch) -> (page: KeyspacePlan.Page, keys: [[UInt8]]) {
            let lower = Self.position(of: fetch.range.start, in: keys)
            let upper = fetch.range.upperBound.map { Self.position(of: $0, in: keys) } ?? keys.count
            let count = max(upper - lower, 0)
            let taken = Array(keys[lower..<lower + min(count, fetch.limit)])
            requests += 1
            visited += count
            let stride = max(taken.count / 40, 1)
            let sample = taken.enumerated().filter { ($0.offset + 1) % stride == 0 || $0.offset == taken.count - 1 }
            let page = KeyspacePlan.Page(
                keyCount: taken.count, count: Int64(count), byteCount: taken.count * 1_000,
                sample: sample.map(\.element))
            return (page, taken)
        }

        static func position(of key: [UInt8], in keys: [[UInt8]]) -> Int {
            var (low, high) = (0, keys.count)
            while low < high {
                let middle = (low + high) / 2
                if keys[middle].precedes(key) { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// Runs a plan to its end; answers come in random order.
    private func read(
        _ keys: [[UInt8]], _ range: KeyRange, _ options: KeyspaceReader.Options
    ) -> (keys: [[UInt8]], simulation: Simulation) {
        var simulation = Simulation(keys: keys)
        var plan = KeyspacePlan(range: range, options: options)
        var underWay: [KeyspacePlan.Fetch] = []
        var arrived: [Int: [[UInt8]]] = [:]
        var delivered: [[UInt8]] = []
        while !plan.isFinished {
            while let fetch = plan.nextFetch() { underWay.append(fetch) }
            if let id = plan.nextDelivery() {
                delivered.append(contentsOf: arrived.removeValue(forKey: id) ?? [])
                continue
            }
            guard let index = underWay.indices.randomElement() else {
                Issue.record("The plan waits although nothing is under way.")
                break
            }
            let fetch = underWay.remove(at: index)
            let (page, pageKeys) = simulation.answer(fetch)
            arrived[fetch.id] = pageKeys
            plan.complete(fetch.id, page)
        }
        #expect(underWay.isEmpty)
        return (delivered, simulation)
    }

    @Test(
        "Every key is read exactly once and in order, with few requests that look at little else",
        arguments: SampleKeys.allCases)
    func exactness(_ shape: SampleKeys) {
        let keys = shape.keys
        var options = KeyspaceReader.Options()
        options.maximumPageKeys = 500
        options.firstPageKeys = 100
        let (delivered, simulation) = read(keys, .all, options)
        #expect(delivered == keys)
        // Pages of a range with an open end would look at half the keyspace each, 20 times all keys here.
        #expect(simulation.visited <= keys.count * 9, "\(shape): \(simulation.visited) keys looked at")
        #expect(simulation.requests <= keys.count / 500 * 5 + 120, "\(shape): \(simulation.requests) requests")
    }

    @Test(
        "A part of the keyspace is read without its neighbours",
        arguments: [
            KeyRange.prefix("/registry/pods/ns-01"), .prefix("/registry/pods/ns-029/"), .prefix("nothing"),
            .from([UInt8]("/registry/pods/ns-05".utf8)), .key("/registry/pods/ns-000/pod-0000007"),
            .range([UInt8]("/registry/pods/ns-003".utf8), before: [UInt8]("/registry/pods/ns-03".utf8)),
            .range([UInt8]("b".utf8), before: [UInt8]("a".utf8)),
        ])
    func parts(_ range: KeyRange) {
        let keys = SampleKeys.decimal.keys
        #expect(read(keys, range, KeyspaceReader.Options()).keys == keys.filter(range.contains))
    }

    @Test("Pages shrink when values grow, and at most double")
    func pageSize() throws {
        var options = KeyspaceReader.Options()
        options.pageBytes = 100_000
        options.firstPageKeys = 10
        var plan = KeyspacePlan(range: .all, options: options)
        let start = plan.nextFetch()
        let first = try #require(start)
        #expect(first.limit == 15)
        let sample = [bytes("a0"), bytes("a5"), bytes("a9")]
        plan.complete(first.id, .init(keyCount: 15, count: 100_000, byteCount: 150, sample: sample))
        let following = plan.nextFetch()
        let second = try #require(following)
        #expect(second.limit == 30)
        plan.complete(second.id, .init(keyCount: 30, count: 5_000, byteCount: 30 * 50_000, sample: sample))
        let third = plan.nextFetch()
        #expect(third?.limit == 3)
    }
}
