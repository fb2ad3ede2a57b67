import Etcd
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TransactionTests {
    @Test("Conditions decide which operations are applied", arguments: RealEtcd.availableVersions)
    func conditions(_ version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let client = try etcd.client()
            let created = try await client.commit(
                Transaction(if: [.isAbsent(bytes("a"))], then: [.put(PutRequest("a", "1"))]))
            #expect(created.succeeded)
            let again = try await client.commit(
                Transaction(
                    if: [.isAbsent(bytes("a"))], then: [.put(PutRequest("a", "2"))],
                    otherwise: [.range(RangeRequest(.key("a")))]))
            #expect(!again.succeeded)
            guard case .range(let range) = try #require(again.results.first) else {
                Issue.record("The failure branch reads: \(again.results)")
                return
            }
            #expect(range.keyValues.first?.valueText == "1")

            let revision = created.header.revision
            let pairs: [(Compare, Bool)] = [
                (.exists(bytes("a")), true),
                (.exists(bytes("b")), false),
                (.isUnchanged(bytes("a"), since: revision), true),
                (.isUnchanged(bytes("a"), since: revision - 1), false),
                (Compare(.key("a"), .equal, .version(1)), true),
                (Compare(.key("b"), .equal, .version(0)), true),
                (Compare(.key("a"), .greater, .version(0)), true),
                (Compare(.key("a"), .less, .createRevision(revision + 1)), true),
                (Compare(.key("a"), .notEqual, .value(bytes("2"))), true),
                (Compare(.key("a"), .equal, .value(bytes("1"))), true),
                (Compare(.key("a"), .equal, .lease(0)), true),
                (Compare(.prefix("a"), .greater, .createRevision(0)), true),
                (Compare(.all, .equal, .value(bytes("x"))), false),
            ]
            for (condition, expected) in pairs {
                let response = try await client.commit(Transaction(if: [condition], then: []))
                #expect(response.succeeded == expected, "\(condition)")
            }
        }
    }

    @Test("Operations of one transaction share a revision, nested ones too")
    func nesting() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            try await client.put("old", "1")
            let inner = Transaction(
                if: [.isAbsent(bytes("b"))], then: [.put(PutRequest("b", "2")), .deleteRange(.init(.key("old")))])
            let response = try await client.commit(
                Transaction(then: [.put(PutRequest("a", "1")), .transaction(inner), .range(RangeRequest(.all))]))
            guard case .transaction(let nested) = response.results[1], case .range(let range) = response.results[2],
                case .put = response.results[0], case .deleteRange(let deletion) = nested.results[1]
            else {
                Issue.record("Answers come in the order and kind of the operations: \(response.results)")
                return
            }
            #expect(nested.succeeded)
            #expect(deletion.deleted == 1)
            #expect(range.keyValues.map(\.keyText) == ["a", "b"])
            #expect(Set(range.keyValues.map(\.modRevision)) == [response.header.revision])
        }
    }

    @Test("What etcd refuses has a code of its own and certainly did nothing")
    func refusals() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            func puts(_ count: Int) -> [Transaction.Operation] {
                (0..<count).map { .put(PutRequest("k\($0)", "v")) }
            }
            func code(_ call: () async throws -> Void) async -> EtcdError.Code? {
                let error = await #expect(throws: EtcdError.self) { try await call() }
                #expect(error?.hadNoEffect == true)
                return error?.code
            }
            try await client.commit(Transaction(then: puts(128)))
            #expect(await code { try await client.commit(Transaction(then: puts(129))) } == .tooManyOperations)
            let twice = Transaction(then: puts(1) + puts(1))
            #expect(await code { try await client.commit(twice) } == .duplicateKey)
            let overlap = Transaction(then: puts(1) + [.deleteRange(DeleteRangeRequest(.prefix("k")))])
            #expect(await code { try await client.commit(overlap) } == .duplicateKey)
            #expect(await code { try await client.put("", "v") } == .emptyKey)
            let unchanged = PutRequest(key: bytes("none"), value: .unchanged)
            #expect(await code { try await client.put(unchanged) } == .keyNotFound)
            #expect(await code { try await client.put("k", "v", lease: .id(77)) } == .leaseNotFound)
            // Refused by etcd, and before it is sent.
            for size in [1_700_000, 2_300_000] {
                let value = [UInt8](repeating: 0, count: size)
                #expect(await code { try await client.put(bytes("big"), value) } == .requestTooLarge)
            }
            #expect(await code { _ = try await client.get("k0", revision: 1_000_000) } == .futureRevision)
            try await client.put("k0", "w")
            let revision = try await client.put("k0", "x").header.revision
            try await client.compact(at: revision, isPhysical: true)
            #expect(await code { _ = try await client.get("k0", revision: 2) } == .compacted)
            #expect(await code { try await client.compact(at: revision) } == .compacted)
        }
    }
}
