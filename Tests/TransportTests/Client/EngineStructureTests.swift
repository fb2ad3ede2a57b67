import TestSupport
import Testing

@testable import Transport

/// The data structures of the engine, without any server.
struct EngineStructureTests {
    private func transfer(_ lane: Lane = .unary, on pool: EndpointPool) -> Transfer {
        Transfer(
            TransferRequest(kind: .call, method: "GET", path: "/", headers: [], deadline: .now, lane: lane), on: pool)
    }

    private func pool() throws -> EndpointPool {
        EndpointPool(EndpointPool.Key(endpoint: try Endpoint(url: "http://127.0.0.1:1"), family: .grpc)) { _ in }
    }

    @Test("Deadlines come in their order, whatever is set, moved and removed between")
    func deadlines() throws {
        let pool = try pool()
        let start = ContinuousClock.now
        var heap = DeadlineHeap()
        var expected: [(transfer: Transfer, instant: ContinuousClock.Instant)] = []
        var random = SeededRandom(seed: 7)
        for _ in 0..<3000 {
            let instant = start + .milliseconds(Int(random.next() % 10_000))
            switch random.next() % 4 {
            case 0 where !expected.isEmpty:
                let index = Int(random.next() % UInt64(expected.count))
                heap.remove(expected.remove(at: index).transfer)
            case 1 where !expected.isEmpty:
                let index = Int(random.next() % UInt64(expected.count))
                expected[index].instant = instant
                heap.set(expected[index].transfer, to: instant)
            default:
                let new = transfer(on: pool)
                expected.append((new, instant))
                heap.set(new, to: instant)
            }
        }
        #expect(heap.count == expected.count)
        #expect(heap.popFirst(until: start - .seconds(1)) == nil)
        var found: [ContinuousClock.Instant] = []
        while let earliest = heap.earliest, heap.popFirst(until: start + .seconds(11)) != nil {
            found.append(earliest)
        }
        #expect(found == expected.map(\.instant).sorted())
    }

    @Test("A lane lets its width run, then one for each that ends, in order, past those that gave up")
    func lanes() throws {
        let pool = try pool()
        let running = (0..<8).map { _ in transfer(on: pool) }
        #expect(running.allSatisfy { pool.admit($0) })
        let waiting = (0..<200).map { _ in transfer(on: pool) }
        #expect(waiting.allSatisfy { !pool.admit($0) })
        #expect(pool.admit(transfer(.bulk, on: pool)))
        for index in waiting.indices where index % 3 == 0 {
            waiting[index].phase = .finished
        }
        var order: [ObjectIdentifier] = []
        while let next = pool.release(running[0]) {
            order.append(ObjectIdentifier(next))
        }
        #expect(order == waiting.indices.filter { $0 % 3 != 0 }.map { ObjectIdentifier(waiting[$0]) })
        #expect(pool.admit(transfer(on: pool)))
    }

    @Test("A queue is full above its mark, says once that there is room, and keeps the order")
    func streamQueue() async throws {
        let queue = StreamQueue<Int, GRPCError>(highWater: 100)
        for index in 0..<10 {
            #expect(!queue.isFull())
            queue.put(index, byteCount: 10)
        }
        #expect(queue.isFull())
        var told: [Int] = []
        for index in 0..<10 {
            let element = try await queue.next { told.append(index) }.get()
            #expect(element == index)
        }
        #expect(told == [7])
        #expect(!queue.isFull())
        queue.put(11, byteCount: 1)
        queue.finish(.success(()))
        queue.put(12, byteCount: 1)
        #expect(try await queue.next {}.get() == 11)
        #expect(try await queue.next {}.get() == nil)
    }

    @Test("Ending a queue reaches a reader that waits, and discards what nobody wants")
    func endOfStreamQueue() async throws {
        let queue = StreamQueue<Int, GRPCError>()
        async let waiting = queue.next {}
        let error = GRPCVerdict(endpoint: "e", isIdempotent: false).cancelled
        queue.finish(.failure(error))
        #expect(await waiting == .failure(error))
        let other = StreamQueue<Int, GRPCError>()
        other.put(1, byteCount: 1)
        other.finish(.failure(error), discarding: true)
        #expect(await other.next {} == .failure(error))
    }

    @Test("What is to be sent fills libcurl's buffers across frames, and wakes the engine only when it had run dry")
    func outbox() {
        let outbox = StreamOutbox()
        #expect(!outbox.append(RequestBody([1, 2, 3])))
        #expect(!outbox.append(RequestBody([4, 5])))
        var sent: [UInt8] = []
        var supplies: [BodySupply] = []
        func take() {
            withUnsafeTemporaryAllocation(byteCount: 2, alignment: 1) { buffer in
                let supply = outbox.take(into: buffer)
                supplies.append(supply)
                if case .bytes(let count) = supply {
                    sent += buffer[..<count]
                }
            }
        }
        for _ in 0..<4 { take() }
        #expect(sent == [1, 2, 3, 4, 5])
        #expect(supplies == [.bytes(2), .bytes(2), .bytes(1), .later])
        #expect(outbox.append(RequestBody([6])))
        #expect(!outbox.append(RequestBody([7])))
        take()
        #expect(!outbox.finish())
        take()
        #expect(sent.count == 7)
        #expect(supplies.last == .end)
    }
}
