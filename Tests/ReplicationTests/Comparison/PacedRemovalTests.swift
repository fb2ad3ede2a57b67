import Etcd
import Replication
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)), .serialized)
struct PacedRemovalTests {
    private var quick: PacedRemoval.Options {
        var options = PacedRemoval.Options()
        options.pause = .milliseconds(2)
        return options
    }

    @Test("Only what was proven and is unchanged is removed, also when it is ended and begun again")
    func removal() async throws {
        try await CopyEnds.with { ends in
            let client = try ends.from().preferred
            try await ends.from().bulkWrite { writer in
                for index in 0..<2_000 { try await writer.put(text("/events/\(index)"), text("\(index)")) }
                try await writer.put(text("/pods/1"), text("stays"))
            }
            let selection = try KeySelection([.init("/events/")])
            let copy = CopyReplication(
                source: try ends.from(), destination: try ends.to(), name: "m", selection: selection)
            let comparison = KeyspaceComparison(
                source: try ends.from(), destination: try ends.to(), name: "m", selection: selection)
            let proof = try await whileCopying(copy) { witness in
                try await witness.waitUntilEqual(ends)
                return try #require(try await comparison.run().proof)
            }
            // Changed, created again and new since the proof.
            try await client.put("/events/5", "newer")
            try await client.deleteRange(DeleteRangeRequest(.key("/events/6")))
            try await client.put("/events/6", "6")
            try await client.put("/events/new", "new")

            let removal = PacedRemoval(from: try ends.from(), proof: proof, options: quick)
            let first = Task { try await removal.run() }
            try await eventually("some are removed") { try await client.count(.prefix("/events/")) < 1_800 }
            first.cancel()
            _ = await first.result
            let left = try await client.count(.prefix("/events/"))
            #expect(left > 3)
            // What was read is compacted away meanwhile.
            try await client.compact(at: try await client.status().header.revision)
            let progress = try await removal.run()
            #expect(progress.removed == Int(left) - 3)
            #expect(progress.changed == 3)
            #expect(progress.total == Int(left))
            let rest = try await client.range(RangeRequest(.all)).keyValues.map(\.keyText)
            #expect(rest == ["/events/5", "/events/6", "/events/new", "/pods/1"])
            #expect(try await removal.run().removed == 0)
        }
    }

    @Test("A cluster that is not the one that was compared is left alone")
    func otherCluster() async throws {
        try await CopyEnds.with { ends in
            try await ends.to().preferred.put("k", "v")
            let proof = ComparisonProof(
                sourceID: try await ends.from().preferred.status().header.clusterID, sourceRevision: 100,
                selection: .everything)
            let removal = PacedRemoval(from: try ends.to(), proof: proof, options: quick)
            let error = await #expect(throws: ReplicationError.self) { try await removal.run() }
            #expect(error?.code == .diverged)
            let same = PacedRemoval(from: try ends.from(), proof: proof, options: quick)
            #expect(await #expect(throws: ReplicationError.self) { try await same.run() }?.code == .diverged)
        }
    }
}
