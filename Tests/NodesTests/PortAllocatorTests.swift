import Nodes
import TestSupport
import Testing

@Suite("Ports for members")
struct PortAllocatorTests {
    /// Neighbouring ports that are free now.
    private func freeRange(_ count: Int) throws -> ClosedRange<Int> {
        for _ in 0..<200 {
            let first = try FreePort.next()
            let range = first...(first + count - 1)
            if range.allSatisfy(FreePort.isBindable) { return range }
        }
        throw TestSupportError("No \(count) neighbouring free ports.")
    }

    @Test("No port is handed out twice, nor one that records name, from many tasks at once")
    func neverDoubled() async throws {
        let range = try freeRange(40)
        let named = [range.lowerBound, range.lowerBound + 3]
        let ports = PortAllocator(range: range, reserved: named)
        let given = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<10 { group.addTask { try ports.allocate(3) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(given.count == 30)
        #expect(Set(given).count == 30)
        #expect(Set(given).isDisjoint(with: named))
        #expect(given.allSatisfy(range.contains))
    }

    @Test("An exhausted range hands out nothing and names itself")
    func exhausted() throws {
        let range = try freeRange(4)
        let ports = PortAllocator(range: range, reserved: [range.lowerBound, 1])
        let error = #expect(throws: NodeError.self) { try ports.allocate(4) }
        #expect(error == .portsExhausted(range: range, reserved: 1))
        #expect(error?.description.contains("\(range.lowerBound)-\(range.upperBound)") == true)
        #expect(try ports.allocate(3).count == 3)
        #expect(throws: NodeError.self) { try ports.allocate(1) }
    }

    @Test("A released port is used again, but last")
    func released() throws {
        let range = try freeRange(4)
        let ports = PortAllocator(range: range)
        let first = try ports.allocate(1)
        ports.release(first)
        let others = try ports.allocate(3)
        #expect(!others.contains(first[0]))
        #expect(try ports.allocate(1) == first)
    }

    @Test("A port that something listens on is passed over")
    func inUse() async throws {
        try await withRealEtcd { etcd in
            let port = etcd.members[0].clientPort
            let ports = PortAllocator(range: port...port)
            #expect(!ports.isFree(port))
            #expect(throws: NodeError.self) { try ports.allocate(1) }
        }
    }
}
