import Model

/// What to do next in a migration: a pure function of its record and of what is known at the moment.
///
/// A phase is on record before its work begins. All work can be begun again at any time: an engine goes on from what the
/// destination holds, a comparison changes nothing, and a freeze is on record before it is made, so that whoever finds it
/// without a cut-over under way lifts it.
enum MigrationPlan {
    /// One step.
    enum Step: Equatable {
        /// Look at both ends.
        case check
        /// Write down what the look has found, and begin to fill.
        case begin(source: String, destination: String)
        /// Keep the source's changes.
        case record
        /// Make the record of the destination.
        case makeDestination
        /// Run the engine.
        case follow
        /// End the engine that works at former addresses.
        case endFormer
        /// Compare both ends.
        case prove
        /// Write down the result of a comparison.
        case take(MigrationProof)
        /// Write down the next phase.
        case advance(MigrationPhase)
        /// Write down that the source is about to be frozen, before it is.
        case freeze
        /// Freeze the source before it is copied.
        case freezeSource
        /// Write down at which revision the source rests.
        case frozen(Int64)
        /// Change over.
        case cutOver
        /// Write down that the destination serves.
        case complete(revision: Int64, pause: Duration, MigrationProof)
        /// Write down that the destination serves with what it has.
        case failOver
        /// Put the source back after a cut-over that did not come to its end.
        case putBack(MigrationTrouble)
        /// Remove from the source what was moved.
        case remove
        /// Write down that it is removed.
        case removed(Int64)
        /// Lift the freeze.
        case thaw
        /// Write down that the freeze is lifted.
        case thawed
        /// Look whether the source is frozen although the record does not say so.
        case lookForFreeze
        /// Write down that it is.
        case adoptFreeze
        /// Forget that it was seen frozen.
        case forgetFreeze
        /// Fill the destination anew.
        case fillAnew(String)
        /// Write down a failure; the work is begun again after a while.
        case tryAgain(MigrationTrouble)
        /// Look again later.
        case wait(String)
        /// Write down the end.
        case end(MigrationPhase, String)
        /// Nothing is left to do.
        case rest
    }

    /// The next step.
    static func next(_ migration: EtcdMigration, _ facts: MigrationFacts, at now: Timestamp) -> Step {
        let status = migration.status
        let spec = migration.spec
        if let step = leftover(status, facts) { return step }
        if status.phase.isOver { return afterwards(spec, status, facts) }
        if spec.goal == .cancelled || spec.goal == .rolledBack {
            guard status.freezeTime == nil else { return thaw(facts) }
            return .end(.cancelled, "cancelled; the source is as it was, the destination is not used")
        }
        // A standby, and whoever fails over, can do without.
        guard !facts.isSourceLeaving || spec.goal == .failedOver || spec.cutover.mode == .never else {
            return .end(.failed, "EtcdCluster \"\(spec.sourceRef.name)\" is being deleted")
        }
        // A freeze belongs to a cut-over; whoever finds it without one lifts it.
        // A source that is lost may keep it.
        if status.freezeTime != nil, status.phase != .cutOver, spec.goal != .failedOver { return thaw(facts) }
        switch status.phase {
        case .preflight: return preflight(spec, facts)
        case .seeding:
            if let time = status.nextFillTime, time > now {
                return .wait(
                    "filled anew \(status.refills) times; the next filling begins at \(time); the last reason: "
                        + status.reseedReason)
            }
            return seeding(spec, status, facts)
        case .replaying, .ready: return following(spec, status, facts, at: now)
        case .opening: return opening(spec, status, facts)
        case .cutOver: return cuttingOver(spec, status, facts, at: now)
        case .completed, .failed, .cancelled, .rolledBack: return .rest
        }
    }

    private static func afterwards(
        _ spec: EtcdMigrationSpec, _ status: EtcdMigrationStatus, _ facts: MigrationFacts
    ) -> Step {
        switch status.phase {
        case .completed where spec.goal == .rolledBack:
            status.freezeTime != nil
                ? thaw(facts)
                : .end(
                    .rolledBack,
                    "the source takes writes again; what was written to the destination since is only there")
        // Nobody would know later why a cluster that has no record any more takes no writes.
        case .completed where status.freezeTime != nil && (spec.cutover.source != .frozen || facts.isSourceLeaving):
            thaw(facts)
        case .completed where spec.cutover.source == .removed && status.removedKeys == nil:
            removal(status, facts)
        case .failed where status.freezeTime != nil, .cancelled where status.freezeTime != nil,
            .rolledBack where status.freezeTime != nil:
            thaw(facts)
        default: .rest
        }
    }

    /// Only what was proven to be at the destination, with nothing accepted, is removed.
    private static func removal(_ status: EtcdMigrationStatus, _ facts: MigrationFacts) -> Step {
        guard status.proof?.verdict == .equal, status.frozenRevision != nil else { return .rest }
        return switch facts.removal {
        case .none: .remove
        case .underway: .wait("removing from the source what was moved")
        case .done(.removed(let count)): .removed(count)
        case .done: .remove
        case .failed(let trouble): .tryAgain(trouble)
        }
    }

    private static func preflight(_ spec: EtcdMigrationSpec, _ facts: MigrationFacts) -> Step {
        guard !spec.paused else { return .wait("spec.paused is true") }
        switch facts.check {
        case .none: return .check
        case .underway: return .wait("looking at both ends")
        case .done(.fit(let source, let destination)): return .begin(source: source, destination: destination)
        case .done: return .check
        case .failed(let trouble): return .tryAgain(trouble)
        }
    }

    private static func seeding(
        _ spec: EtcdMigrationSpec, _ status: EtcdMigrationStatus, _ facts: MigrationFacts
    ) -> Step {
        guard spec.method.restoresDestination else {
            if let step = lostDestination(spec, facts) ?? engine(facts) { return step }
            return facts.sight?.isFollowing ?? false
                ? .advance(.replaying) : .wait(facts.sight?.trouble ?? "copying \(spec.sourceRef.name)")
        }
        switch facts.recording {
        case .failed(let trouble) where trouble.course == .fillAnew: return .fillAnew(trouble.description)
        case .failed(let trouble): return .tryAgain(trouble)
        case .none, .done:
            // Members that are there already take what was kept; the engine keeps the rest itself.
            guard facts.restore?.phase == .following, facts.restore?.seeding == status.seeding else { return .record }
        case .underway: break
        }
        guard status.recordedAfter != nil else { return .wait("opening a watch of the source") }
        guard facts.hasDestination else {
            return status.destinationUID.isEmpty
                ? .makeDestination
                : .end(.failed, "EtcdCluster \"\(spec.destinationRef.name)\" was deleted while it was filled")
        }
        guard let restore = facts.restore else { return .wait("the destination has not begun yet") }
        if restore.phase == .failed { return .end(.failed, "the destination could not be filled: \(restore.message)") }
        guard restore.phase == .following, restore.seeding == status.seeding else {
            return .wait("filling the destination, \(restore.progress)%: \(restore.message)")
        }
        return .advance(.replaying)
    }

    /// What the engine needs; nil while it runs.
    private static func engine(_ facts: MigrationFacts) -> Step? {
        if facts.isFormerFollowing || facts.recording.isUnderway { return .endFormer }
        switch facts.following {
        case .none, .done: return .follow
        case .underway: return nil
        case .failed(let trouble) where trouble.course == .fillAnew: return .fillAnew(trouble.description)
        case .failed(let trouble) where trouble.course == .over: return .end(.failed, trouble.description)
        case .failed(let trouble): return .tryAgain(trouble)
        }
    }

    private static func following(
        _ spec: EtcdMigrationSpec, _ status: EtcdMigrationStatus, _ facts: MigrationFacts, at now: Timestamp
    ) -> Step {
        // What is copied at rest is not followed before.
        guard spec.method != .snapshot else { return cutover(spec, status, at: now) }
        if let step = lostDestination(spec, facts) { return step }
        if spec.goal == .failedOver { return spec.method.restoresDestination ? .advance(.opening) : .failOver }
        if let step = engine(facts) { return step }
        guard let sight = facts.sight, sight.isFollowing else { return .wait("the engine is starting") }
        switch facts.proof {
        case .done(.proof(let proof)): return .take(proof)
        case .failed(let trouble): return .tryAgain(trouble)
        case .none, .underway, .done: break
        }
        guard sight.lagRevisions <= spec.cutover.maxLag else {
            return status.phase == .ready
                ? .advance(.replaying) : .wait(sight.trouble ?? "\(sight.lagRevisions) revisions behind the source")
        }
        guard let proof = status.proof, !isDue(proof, spec, status, at: now) else {
            return facts.proof.isUnderway ? .wait("comparing both ends") : .prove
        }
        guard allows(proof, spec) else {
            return .wait(
                "\(proof.message); see spec.verification.accept, or cancel the migration")
        }
        guard status.phase == .ready else { return .advance(.ready) }
        return cutover(spec, status, at: now)
    }

    private static func cutover(_ spec: EtcdMigrationSpec, _ status: EtcdMigrationStatus, at now: Timestamp) -> Step {
        switch spec.cutover.mode {
        case .never: return .wait("following as a standby")
        case .manual where !spec.cutover.approved:
            return .wait("ready; approve the cut-over with lodestone migrate approve")
        case .manual, .automatic: break
        }
        guard !spec.paused else { return .wait("spec.paused is true") }
        // Each attempt stops all writers for long.
        if spec.method == .snapshot, status.cutoverFailures >= 3 {
            return .end(.failed, "given up after 3 attempts; the last one: \(status.reseedReason)")
        }
        if let time = status.nextCutoverTime, time > now { return .wait("the cut-over is tried again at \(time)") }
        return spec.method == .exact ? .advance(.opening) : .freeze
    }

    private static func lostDestination(_ spec: EtcdMigrationSpec, _ facts: MigrationFacts) -> Step? {
        guard facts.hasDestination else {
            return .end(.failed, "EtcdCluster \"\(spec.destinationRef.name)\" was deleted before the cut-over")
        }
        if let restore = facts.restore, restore.phase == .failed {
            return .end(.failed, "the destination failed: \(restore.message)")
        }
        return nil
    }

    private static func opening(
        _ spec: EtcdMigrationSpec, _ status: EtcdMigrationStatus, _ facts: MigrationFacts
    ) -> Step {
        if let step = lostDestination(spec, facts) { return step }
        guard facts.restore?.isOpen ?? false else {
            return facts.isFormerFollowing || facts.following.isUnderway
                ? .endFormer : .wait("restarting the destination where it will serve")
        }
        if spec.goal == .failedOver { return facts.following == .none ? .failOver : .endFormer }
        if let step = engine(facts) { return step }
        guard let sight = facts.sight, sight.isFollowing, sight.lagRevisions <= spec.cutover.maxLag else {
            return .wait("catching up after the restart")
        }
        switch spec.cutover.mode {
        case .manual where !spec.cutover.approved: return .advance(.ready)
        case .never: return .advance(.ready)
        case .manual, .automatic: break
        }
        return spec.paused ? .wait("spec.paused is true") : .freeze
    }

    private static func cuttingOver(
        _ spec: EtcdMigrationSpec, _ status: EtcdMigrationStatus, _ facts: MigrationFacts, at now: Timestamp
    ) -> Step {
        if spec.method != .snapshot, case .end(_, let why) = lostDestination(spec, facts) {
            return .putBack(MigrationTrouble("DestinationGone", why, .again))
        }
        if spec.method == .snapshot, !(facts.restore?.isOpen ?? false) {
            return copyingAtRest(spec, status, facts, at: now)
        }
        let engine = spec.method == .snapshot ? nil : engine(facts)
        switch facts.cutover {
        case .done(.cutOver(let revision, let pause, let proof)):
            return .complete(revision: revision, pause: pause, proof)
        case .failed(let trouble): return .putBack(trouble)
        case .underway:
            // The cut-over waits for the engine, which may have to be started again meanwhile.
            return overdue(spec, status, at: now) ?? engine ?? .wait("bringing over the last changes")
        case .none, .done:
            return overdue(spec, status, at: now) ?? engine ?? .cutOver
        }
    }

    private static func overdue(_ spec: EtcdMigrationSpec, _ status: EtcdMigrationStatus, at now: Timestamp) -> Step? {
        let limit = spec.cutover.maxPause ?? MigrationCutover.usualPause
        guard let time = status.freezeTime, now - time > limit else { return nil }
        return .putBack(
            MigrationTrouble(
                "CutOverTooLong",
                "the source was frozen for \((now - time).goText) and the cut-over not done; spec.cutover.maxPause is "
                    + limit.goText, .again))
    }

    /// Method Snapshot: the source rests first, then the destination is filled.
    private static func copyingAtRest(
        _ spec: EtcdMigrationSpec, _ status: EtcdMigrationStatus, _ facts: MigrationFacts, at now: Timestamp
    ) -> Step {
        if let step = overdue(spec, status, at: now) { return step }
        guard status.frozenRevision != nil else {
            switch facts.freeze {
            case .none: return .freezeSource
            case .underway: return .wait("freezing the source")
            case .done(.frozen(let revision)): return .frozen(revision)
            case .done: return .freezeSource
            case .failed(let trouble): return .putBack(trouble)
            }
        }
        guard facts.hasDestination else {
            return status.destinationUID.isEmpty
                ? .makeDestination
                : .end(.failed, "EtcdCluster \"\(spec.destinationRef.name)\" was deleted while it was filled")
        }
        guard let restore = facts.restore else { return .wait("the destination has not begun yet") }
        if restore.phase == .failed { return .end(.failed, "the destination could not be filled: \(restore.message)") }
        return .wait("filling the destination, \(restore.progress)%: \(restore.message)")
    }

    /// Whether a comparison is too old to count: a standby's after its interval, any other after a new filling or when
    /// it could not be made.
    private static func isDue(
        _ proof: MigrationProof, _ spec: EtcdMigrationSpec, _ status: EtcdMigrationStatus, at now: Timestamp
    ) -> Bool {
        guard let time = proof.time else { return true }
        if proof.verdict == .unknown { return now - time > .seconds(10) }
        return now - time > spec.verification.interval
    }

    /// Whether nothing but what is accepted differs.
    static func allows(_ proof: MigrationProof, _ spec: EtcdMigrationSpec) -> Bool {
        switch proof.verdict {
        case .equal: true
        case .unknown: false
        case .different:
            // More may differ than is listed, and nobody has accepted what nobody has seen.
            proof.differenceCount == Int64(proof.differences.count)
                && proof.differences.allSatisfy { spec.verification.accept.contains($0.code) }
        }
    }
}
