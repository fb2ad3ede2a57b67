import Etcd
import Replication
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)), .serialized)
struct CopyPolicyTests {
    private func options(_ policy: ConflictPolicy) -> CopyReplication.Options {
        var options = CopyReplication.Options()
        options.conflictPolicy = policy
        return options
    }

    @Test("A destination that holds keys is refused by default, with the first key and the count")
    func refusal() async throws {
        try await CopyEnds.with { ends in
            try await ends.from().preferred.put("/a/1", "x")
            for key in ["/a/7", "/a/8", "/z"] { try await ends.to().preferred.put(key, "there") }
            let all = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            let error = await #expect(throws: ReplicationError.self) { try await all.run { _ in } }
            #expect(error?.code == .conflict)
            #expect(error?.description.contains("3 keys") == true && error?.description.contains("/a/7") == true)
            // Elsewhere there is nothing in the way, and nothing was left by the refusal.
            #expect(try await ends.to().preferred.count(.all) == 3)
            let moved = CopyReplication(
                source: try ends.from(), destination: try ends.to(), name: "m",
                selection: try KeySelection([.init("/a/", target: "/b/")]))
            try await whileCopying(moved) { try await $0.waitUntilEqual(ends) }
            #expect(try await ends.to().preferred.get("/b/1")?.valueText == "x")
        }
    }

    @Test(
        "Overwrite replaces, keeps what the source never had, and removes only what it brought",
        arguments: [false, true])
    func overwrite(_ isResumed: Bool) async throws {
        try await CopyEnds.with { ends in
            let (source, target) = (try ends.from().preferred, try ends.to().preferred)
            for key in ["both", "same", "mine"] { try await source.put(key, key == "same" ? "same" : "source") }
            for key in ["both", "same", "theirs"] { try await target.put(key, key == "same" ? "same" : "destination") }
            let copy = CopyReplication(
                source: try ends.from(), destination: try ends.to(), name: "m", options: options(.overwrite))
            try await whileCopying(copy) { try await $0.waitUntilEqual(ends) }
            #expect(try await target.get("both")?.valueText == "source")
            #expect(try await target.get("theirs")?.valueText == "destination")
            // Removed while nobody follows: found by following, or by comparing if history is gone.
            let last = try await source.deleteRange(DeleteRangeRequest(.key("same"))).header.revision
            try await source.deleteRange(DeleteRangeRequest(.key("mine")))
            if isResumed { try await source.compact(at: last + 1) }
            try await whileCopying(copy) { witness in
                try await witness.waitUntilEqual(ends)
                #expect(witness.progress.differenceRuns == (isResumed ? 1 : 0))
                let comparison = KeyspaceComparison(source: try ends.from(), destination: try ends.to(), name: "m")
                let result = try await comparison.run()
                #expect(result.isEqual, "\(result.differences)")
                #expect(result.keptKeys == 1 && result.uncomparedKeys == 0)
                #expect(result.proof != nil)
            }
            #expect(try await target.get("same") == nil)
            #expect(try await target.get("mine") == nil)
            #expect(try await target.get("theirs")?.valueText == "destination")
        }
    }

    @Test("Keep lets everything be that was there before", arguments: [false, true])
    func keep(_ isResumed: Bool) async throws {
        try await CopyEnds.with { ends in
            let (source, target) = (try ends.from().preferred, try ends.to().preferred)
            for index in 0..<300 { try await source.put("k/\(index)", "source") }
            for index in 0..<100 { try await target.put("k/\(index * 3)", "destination") }
            let copy = CopyReplication(
                source: try ends.from(), destination: try ends.to(), name: "m", options: options(.keep))
            try await whileCopying(copy) { try await $0.waitUntilEqual(ends) }
            let last = try await source.put("k/0", "newer").header.revision
            try await source.deleteRange(DeleteRangeRequest(.key("k/3")))
            try await source.deleteRange(DeleteRangeRequest(.key("k/4")))
            try await source.put("k/5", "newer")
            if isResumed { try await source.compact(at: last + 3) }
            try await whileCopying(copy) { witness in
                try await witness.waitUntilEqual(ends)
                let comparison = KeyspaceComparison(source: try ends.from(), destination: try ends.to(), name: "m")
                let result = try await comparison.run()
                #expect(result.isEqual, "\(result.differences)")
                #expect(result.keptKeys == 100 && result.uncomparedKeys == 99)
                // What the source holds under those names is nowhere else, so nothing allows to remove it there.
                #expect(result.proof == nil)
            }
            #expect(try await target.get("k/0")?.valueText == "destination")
            #expect(try await target.get("k/3")?.valueText == "destination")
            #expect(try await target.get("k/4") == nil)
            #expect(try await target.get("k/5")?.valueText == "newer")
            #expect(try await target.count(.prefix("k/")) == 299)
        }
    }

    @Test("A copy is not gone on with from another source, with another selection or by two at a time")
    func identity() async throws {
        try await CopyEnds.with { ends in
            try await ends.from().preferred.put("/a/1", "x")
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await whileCopying(copy) { witness in
                try await witness.waitUntilEqual(ends)
                // A second process takes over, and the first one finds out with its next write.
                try await whileCopying(copy) { second in
                    try await second.wait("the second follows") { $0.phase == .tail }
                    try await ends.from().preferred.put("/a/2", "y")
                    try await second.waitUntilEqual(ends)
                    try await eventually("the first has ended") {
                        do {
                            try await witness.wait("never", timeout: .milliseconds(1)) { _ in false }
                            return false
                        } catch let error as ReplicationError {
                            return error.code == .diverged
                        }
                    }
                }
            }
            let narrower = CopyReplication(
                source: try ends.from(), destination: try ends.to(), name: "m",
                selection: try KeySelection([.init("/a/")]))
            #expect(await #expect(throws: ReplicationError.self) { try await narrower.run { _ in } }?.code == .diverged)
            try await withRealEtcd { stranger in
                let other = CopyEnds(source: stranger, destination: ends.destination)
                let copy = CopyReplication(source: try other.from(), destination: try other.to(), name: "m")
                let error = await #expect(throws: ReplicationError.self) { try await copy.run { _ in } }
                #expect(error?.code == .diverged)
            }
        }
    }

    @Test("The destination's revision is brought forward to the source's")
    func padding() async throws {
        try await CopyEnds.with { ends in
            for index in 0..<500 { try await ends.from().preferred.put("k", "\(index)") }
            let reached = try await RevisionPadding(try ends.to(), name: "m").run(to: 501)
            #expect(reached == 501)
            #expect(try await RevisionPadding(try ends.to(), name: "m").run(to: 400) == 501)
            // What pads is ours, and in nobody's way.
            let copy = CopyReplication(source: try ends.from(), destination: try ends.to(), name: "m")
            try await whileCopying(copy) { try await $0.waitUntilEqual(ends) }
            try await CopyState("m").remove(from: try ends.to())
            #expect(try await ends.to().preferred.count(.all) == 1)
        }
    }
}
