import Model
import Testing

@testable import Controller

/// What follows from where a migration stands: one step, whatever happened before.
struct MigrationPlanTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_000_000)

    private func migration(
        _ phase: MigrationPhase, _ change: (inout EtcdMigration) -> Void = { _ in }
    ) -> EtcdMigration {
        var migration = EtcdMigration()
        migration.spec.sourceRef = LocalReference(name: "orders")
        migration.spec.destinationRef = LocalReference(name: "orders2")
        migration.spec.cutover.freeze = .alarm
        migration.status.phase = phase
        migration.status.seeding = 1
        migration.status.recordedAfter = 100
        change(&migration)
        return migration
    }

    private func facts(
        _ restore: RestorePhase? = .following, isOpen: Bool = false, following: MigrationJob = .underway,
        lag: Int64? = 3, _ change: (inout MigrationFacts) -> Void = { _ in }
    ) -> MigrationFacts {
        var facts = MigrationFacts()
        facts.destinationUID = "uid"
        if let restore {
            facts.restore = ClusterRestoreStatus()
            facts.restore?.phase = restore
            facts.restore?.seeding = 1
            facts.restore?.isOpen = isOpen
        }
        facts.following = following
        if let lag {
            var sight = MigrationSight()
            sight.isFollowing = true
            sight.applied = 100
            sight.sourceRevision = 100 + lag
            facts.sight = sight
        }
        change(&facts)
        return facts
    }

    private func proof(_ verdict: MigrationVerdict, age: Duration = .seconds(1)) -> MigrationProof {
        var proof = MigrationProof()
        proof.verdict = verdict
        proof.message = "compared"
        proof.time = Self.now - age
        return proof
    }

    private func next(_ migration: EtcdMigration, _ facts: MigrationFacts) -> MigrationPlan.Step {
        MigrationPlan.next(migration, facts, at: Self.now)
    }

    @Test("Changes are kept before there is a destination, and the destination is made once")
    func seeding() {
        let fresh = migration(.seeding) { $0.status.recordedAfter = nil }
        #expect(next(fresh, facts(nil, following: .none) { $0.destinationUID = nil }) == .record)
        let recording = facts(nil, following: .none) {
            $0.destinationUID = nil
            $0.recording = .underway
        }
        #expect(next(fresh, recording) == .wait("opening a watch of the source"))
        #expect(next(migration(.seeding), recording) == .makeDestination)
        // A record that a person deleted is not made again.
        guard case .end(.failed, _) = next(migration(.seeding) { $0.status.destinationUID = "uid" }, recording) else {
            Issue.record("it was made again")
            return
        }
        let filling = facts(.restoring, following: .none) { $0.recording = .underway }
        guard case .wait = next(migration(.seeding), filling) else {
            Issue.record("it did not wait")
            return
        }
        #expect(next(migration(.seeding), facts(following: .none) { $0.recording = .underway }) == .advance(.replaying))
        let lost = MigrationTrouble("HistoryCompacted", "gone", .fillAnew)
        #expect(next(migration(.seeding), facts { $0.recording = .failed(lost) }) == .fillAnew("gone"))
    }

    @Test("Nothing changes over before both ends were compared, and nobody unasked")
    func following() {
        #expect(next(migration(.replaying), facts(following: .none)) == .follow)
        // Two of them would keep the same changes in the same files.
        #expect(next(migration(.replaying), facts(following: .none) { $0.recording = .underway }) == .endFormer)
        #expect(next(migration(.replaying), facts(lag: 5000)) == .wait("5000 revisions behind the source"))
        #expect(next(migration(.ready), facts(lag: 5000)) == .advance(.replaying))
        #expect(next(migration(.replaying), facts()) == .prove)
        #expect(
            next(migration(.replaying), facts { $0.proof = .done(.proof(proof(.equal))) }) == .take(proof(.equal)))
        let proven = migration(.replaying) { $0.status.proof = proof(.equal) }
        #expect(next(proven, facts()) == .advance(.ready))
        let ready = migration(.ready) { $0.status.proof = proof(.equal) }
        guard case .wait = next(ready, facts()) else {
            Issue.record("it went on unasked")
            return
        }
        let approved = migration(.ready) {
            $0.status.proof = proof(.equal)
            $0.spec.cutover.approved = true
        }
        #expect(next(approved, facts()) == .advance(.opening))
        let copy = migration(.ready) {
            $0.status.proof = proof(.equal)
            $0.spec.cutover.mode = .automatic
            $0.spec.method = .copy
        }
        #expect(next(copy, facts(nil)) == .freeze)
        let old = migration(.ready) { $0.status.proof = proof(.equal, age: .seconds(700)) }
        #expect(next(old, facts()) == .prove)
    }

    @Test(
        "A difference blocks until it is accepted by its code, and never where more differs than was listed",
        arguments: [
            (MigrationVerdict.equal, [String](), Int64(0), true), (.unknown, ["Leases"], 0, false),
            (.different, [], 1, false), (.different, ["Leases"], 1, true), (.different, ["Leases"], 2, false),
            (.different, ["HashKV"], 1, false),
        ])
    func accepted(verdict: MigrationVerdict, accept: [String], count: Int64, isAllowed: Bool) {
        var proof = proof(verdict)
        proof.differenceCount = count
        proof.differences = count > 0 ? [MigrationDifference(code: "Leases", subject: "1", message: "gone")] : []
        var spec = EtcdMigrationSpec()
        spec.verification.accept = accept
        #expect(MigrationPlan.allows(proof, spec) == isAllowed)
    }

    @Test("A freeze without a cut-over is lifted, in every phase", arguments: MigrationPhase.allCases)
    func leftoverFreeze(phase: MigrationPhase) {
        guard ![.cutOver, .completed].contains(phase) else { return }
        let frozen = migration(phase) { $0.status.freezeTime = Self.now }
        #expect(next(frozen, facts()) == .thaw)
        #expect(next(frozen, facts { $0.thaw = .done(.thawed) }) == .thawed)
        // An attempt that was given up and still runs would freeze it again.
        #expect(next(frozen, facts { $0.isFreezing = true }) == .wait("ending the cut-over"))
    }

    @Test("A freeze that no record tells of is confirmed, put on record and lifted", arguments: MigrationPhase.allCases)
    func freezeThatCameLate(phase: MigrationPhase) {
        func seen(_ look: MigrationJob, _ change: (inout MigrationFacts) -> Void = { _ in }) -> MigrationFacts {
            facts {
                $0.seesFreeze = true
                $0.freezeLook = look
                change(&$0)
            }
        }
        let free = migration(phase)
        #expect(next(free, seen(.none)) == .lookForFreeze)
        #expect(next(free, seen(.underway)) == .lookForFreeze)
        #expect(next(free, seen(.done(.freeze(isActive: true)))) == .adoptFreeze)
        // Seen by a member that was behind, or lifted since.
        #expect(next(free, seen(.done(.freeze(isActive: false)))) == .forgetFreeze)
        #expect(next(free, seen(.failed(MigrationTrouble("ClusterUnavailable", "x", .again)))) == .forgetFreeze)
        // An attempt that still runs is told by its own end; and what is on record is known.
        #expect(next(free, seen(.none) { $0.isFreezing = true }) == next(free, facts { $0.isFreezing = true }))
        let frozen = migration(phase) { $0.status.freezeTime = Self.now }
        #expect(next(frozen, seen(.none)) == next(frozen, facts()))
        let cancelled = migration(phase) { $0.spec.goal = .cancelled }
        #expect(next(cancelled, seen(.none)) == .lookForFreeze)
    }

    @Test("A cut-over goes on after a restart, is put back after its time, and never outlives a cancellation")
    func cutOver() {
        let frozen = migration(.cutOver) { $0.status.freezeTime = Self.now - .seconds(2) }
        let open = facts(.opening, isOpen: true)
        #expect(next(frozen, open) == .cutOver)
        // Also where the engine cannot get to its end.
        let broken = facts(.opening, isOpen: true, following: .failed(MigrationTrouble("Y", "y", .again)))
        #expect(next(frozen, broken) == .tryAgain(MigrationTrouble("Y", "y", .again)))
        guard case .putBack = next(migration(.cutOver) { $0.status.freezeTime = Self.now - .seconds(31) }, broken)
        else {
            Issue.record("it was not put back")
            return
        }
        guard case .putBack = next(frozen, facts(nil) { $0.destinationUID = nil }) else {
            Issue.record("it went on without its destination")
            return
        }
        let late = migration(.cutOver) { $0.status.freezeTime = Self.now - .seconds(31) }
        guard case .putBack(let trouble) = next(late, open) else {
            Issue.record("it was not put back")
            return
        }
        #expect(trouble.reason == "CutOverTooLong")
        let failed = facts(.opening, isOpen: true) { $0.cutover = .failed(MigrationTrouble("X", "x", .again)) }
        #expect(next(frozen, failed) == .putBack(MigrationTrouble("X", "x", .again)))
        let cancelled = migration(.cutOver) {
            $0.status.freezeTime = Self.now
            $0.spec.goal = .cancelled
        }
        #expect(next(cancelled, open) == .thaw)
        let done = facts(.opening, isOpen: true) {
            $0.cutover = .done(.cutOver(revision: 7, pause: .seconds(1), proof(.equal)))
        }
        #expect(next(frozen, done) == .complete(revision: 7, pause: .seconds(1), proof(.equal)))
    }

    @Test("The engine at former addresses ends before another begins, and an open destination catches up first")
    func opening() {
        #expect(next(migration(.opening), facts(.opening, following: .underway)) == .endFormer)
        let former = facts(.opening, isOpen: true, following: .none) { $0.isFormerFollowing = true }
        #expect(next(migration(.opening), former) == .endFormer)
        #expect(next(migration(.opening), facts(.opening, isOpen: true, following: .none)) == .follow)
        let approved = migration(.opening) { $0.spec.cutover.approved = true }
        #expect(next(approved, facts(.opening, isOpen: true)) == .freeze)
        #expect(next(migration(.opening), facts(.opening, isOpen: true)) == .advance(.ready))
        let paused = migration(.opening) {
            $0.spec.cutover.approved = true
            $0.spec.paused = true
        }
        #expect(next(paused, facts(.opening, isOpen: true)) == .wait("spec.paused is true"))
        #expect(
            next(migration(.opening), facts(.opening, isOpen: true, lag: 4000))
                == .wait("catching up after the restart"))
        let diverged = MigrationTrouble("DestinationDiverged", "a stranger", .fillAnew)
        #expect(
            next(migration(.replaying), facts(following: .failed(diverged), lag: nil)) == .fillAnew("a stranger"))
    }

    @Test("What is over stays over, but for a freeze that is to be lifted")
    func over() {
        #expect(next(migration(.completed), facts()) == .rest)
        let released = migration(.completed) {
            $0.status.freezeTime = Self.now
            $0.spec.cutover.source = .released
        }
        #expect(next(released, facts()) == .thaw)
        let kept = migration(.completed) { $0.status.freezeTime = Self.now }
        #expect(next(kept, facts()) == .rest)
        let back = migration(.completed) { $0.spec.goal = .rolledBack }
        guard case .end(.rolledBack, _) = next(back, facts()) else {
            Issue.record("it did not end")
            return
        }
        guard case .end(.failed, _) = next(migration(.ready), facts(nil) { $0.destinationUID = nil }) else {
            Issue.record("it did not fail")
            return
        }
    }
}

/// What a cluster does that a migration fills.
struct MigrationOrderTests {
    private func order(
        _ restore: RestorePhase, _ phase: MigrationPhase?, isOpen: Bool = false, seeding: Int64 = 1
    ) -> MigrationOrder {
        var status = ClusterRestoreStatus()
        status.phase = restore
        status.isOpen = isOpen
        status.seeding = restore == .pending ? 0 : 1
        guard let phase else { return MigrationOrder.next(status, nil) }
        var migration = EtcdMigration()
        migration.status.phase = phase
        migration.status.seeding = seeding
        migration.status.recordedAfter = 1
        return MigrationOrder.next(status, migration)
    }

    @Test("It is filled when changes are kept, follows, opens when told to, and serves when the migration is completed")
    func course() {
        #expect(order(.pending, nil) == .wait("its EtcdMigration is not there yet"))
        #expect(order(.pending, .seeding) == .begin(seeding: 1))
        #expect(order(.fetching, .seeding) == .proceed)
        #expect(order(.following, .replaying) == .follow)
        #expect(order(.following, .opening) == .open)
        #expect(order(.opening, .opening) == .proceed)
        #expect(order(.opening, .cutOver, isOpen: true) == .stayOpen)
        #expect(order(.opening, .replaying, isOpen: true) == .close)
        #expect(order(.opening, .completed, isOpen: true) == .serve)
        #expect(order(.succeeded, .completed) == .proceed)
    }

    @Test("It begins anew for a new filling, and is given up with its migration")
    func otherwise() {
        #expect(order(.following, .seeding, seeding: 2) == .startOver(""))
        #expect(order(.opening, .seeding, isOpen: true, seeding: 2) == .startOver(""))
        for phase in [MigrationPhase.failed, .cancelled] {
            guard case .giveUp = order(.following, phase) else {
                Issue.record("it was not given up")
                return
            }
        }
        guard case .giveUp = order(.following, nil) else {
            Issue.record("it was not given up")
            return
        }
    }
}

/// The flag that a Kubernetes API server needs after its events have moved.
struct KubernetesOverrideTests {
    @Test(
        "The flag names group and resource, and is left out where it would be guessed",
        arguments: [
            (["/registry/events/"], "--etcd-servers-overrides=/events#http://a;http://b"),
            (
                ["/registry/events/", "/registry/leases/"],
                "--etcd-servers-overrides=/events#http://a;http://b,coordination.k8s.io/leases#http://a;http://b"
            ),
            (["/registry/"], ""), (["/registry/unknown/"], ""), (["/registry/events"], ""),
        ])
    func flag(prefixes: [String], flag: String) {
        let selection = prefixes.map { prefix in
            var selection = MigrationSelection()
            selection.prefix = prefix
            return selection
        }
        #expect(KubernetesOverride.flag(for: selection, at: ["http://a", "http://b"]) == flag)
    }
}
