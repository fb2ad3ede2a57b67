import Archive
import Model
import Testing

@testable import Controller

struct RestorePlanTests {
    private static let over = RestoreFailure("BackupDamaged", "it is damaged", .over)
    private static let again = RestoreFailure("NoSpace", "the disk is full", .again)
    private static let fetchAgain = RestoreFailure("CopyGone", "the copy is gone", .fetchAgain)

    @Test(
        "Each phase begins its work, waits for it, and is followed by the next",
        arguments: zip(
            [RestorePhase.fetching, .restoring, .starting, .proving],
            [RestorePhase.restoring, .starting, .proving, .succeeded]))
    func order(phase: RestorePhase, following: RestorePhase) {
        #expect(RestorePlan.next(in: phase, .none, failures: 0) == .begin)
        // A controller that was killed finds no work and begins it anew.
        #expect(RestorePlan.next(in: phase, .interrupted, failures: 0) == .begin)
        #expect(RestorePlan.next(in: phase, .underway, failures: 0) == .wait)
        #expect(RestorePlan.next(in: phase, .done, failures: 0) == .advance(following))
    }

    @Test("Whatever state the work is in, nothing follows the end", arguments: [RestorePhase.succeeded, .failed])
    func end(phase: RestorePhase) {
        for work in [RestorePlan.Work.none, .underway, .done, .interrupted, .failed(Self.again)] {
            #expect(RestorePlan.next(in: phase, work, failures: 3) == .nothing)
        }
    }

    @Test("What can be mended is tried again, ever later; what cannot is given up in every phase")
    func failures() {
        for phase in [RestorePhase.pending, .fetching, .restoring, .starting, .proving] {
            #expect(RestorePlan.next(in: phase, .failed(Self.over), failures: 0) == .giveUp(Self.over))
            #expect(
                RestorePlan.next(in: phase, .failed(Self.again), failures: 2)
                    == .tryAgain(Self.again, after: .seconds(4)))
        }
        #expect(RestorePlan.wait(after: 60) == .seconds(60))
        #expect(RestorePlan.next(in: .restoring, .failed(Self.fetchAgain), failures: 0) == .advance(.fetching))
        // Once members have run there is no way back to before.
        #expect(
            RestorePlan.next(in: .proving, .failed(Self.fetchAgain), failures: 0)
                == .tryAgain(Self.fetchAgain, after: .seconds(1)))
    }

    @Test("One bar grows over all phases")
    func percent() {
        let phases = [RestorePhase.pending, .fetching, .restoring, .starting, .proving, .succeeded]
        let steps = phases.flatMap { phase in [0, 0.5, 1].map { RestorePlan.percent(phase, $0) } }
        #expect(steps == steps.sorted() && steps.first == 0 && steps.last == 100)
        #expect(RestorePlan.percent(.fetching, 7) == 45 && RestorePlan.percent(.fetching, -1) == 0)
    }

    @Test(
        "Bytes that are wrong are never tried again, a place that is away is",
        arguments: [
            (ArchiveError.Code.contradiction, RestoreFailure.Course.over), (.damaged, .over), (.notFound, .over),
            (.invalidManifest, .over), (.storageUnavailable, .again), (.storageFull, .again),
        ])
    func course(code: ArchiveError.Code, course: RestoreFailure.Course) {
        #expect(RestoreFailure(ArchiveError(code, "backup x", "something")).course == course)
    }

    private static func manifest(_ name: String, _ incarnation: String = "i1") -> BackupManifest {
        var manifest = BackupManifest()
        manifest.name = name
        manifest.cluster.name = "orders"
        manifest.cluster.incarnation = incarnation
        return manifest
    }

    @Test("The newest or the named backup is taken, and of several lives of a cluster none is guessed")
    func source() throws {
        var listing = BackupListing()
        listing.backups = [Self.manifest("b2"), Self.manifest("b1")]
        var wish = ClusterRestore()
        wish.latest = true
        #expect(try RestoreSource.choose(from: listing, wish, "there").name == "b2")
        wish = ClusterRestore()
        wish.backup = "b1"
        #expect(try RestoreSource.choose(from: listing, wish, "there").name == "b1")
        wish.backup = "b3"
        #expect(throws: RestoreFailure.self) { try RestoreSource.choose(from: listing, wish, "there") }
        wish = ClusterRestore()
        wish.latest = true
        listing.backups.append(Self.manifest("b0", "i0"))
        let failure = #expect(throws: RestoreFailure.self) {
            try RestoreSource.choose(from: listing, wish, "there")
        }
        #expect(failure?.reason == "IncarnationUnclear")
        #expect(failure?.description.contains("i0, i1") == true)
    }

    @Test(
        "A state between backups is reached from the newest backup before it that nothing speaks against",
        arguments: [
            (30, nil, "b3"), (29, nil, "b2"), (20, nil, "b2"), (19, nil, "b1"), (10, nil, "b1"), (9, nil, nil),
            (nil, 300, "b3"), (nil, 299, "b2"), (nil, 100, "b1"), (nil, 99, nil), (45, nil, "b3"), (nil, 500, "b3"),
        ] as [(Int64?, Int64?, String?)])
    func base(revision: Int64?, second: Int64?, expected: String?) throws {
        var listing = BackupListing()
        listing.backups = ([4, 3, 2, 1] as [Int64]).map { number in
            var manifest = Self.manifest("b\(number)")
            manifest.content.revision = number * 10
            manifest.finished = Timestamp(secondsSinceEpoch: number * 100)
            manifest.doubt = number == 4 ? "its member was accused" : ""
            return manifest
        }
        var wish = ClusterRestore()
        wish.revision = revision
        wish.time = second.map { Timestamp(secondsSinceEpoch: $0) }
        guard let expected else {
            let failure = #expect(throws: RestoreFailure.self) {
                try RestoreSource.choose(from: listing, wish, "there")
            }
            #expect(failure?.reason == "NotRecoverable" && failure?.course == .over)
            return
        }
        #expect(try RestoreSource.choose(from: listing, wish, "there").name == expected)
    }
}
