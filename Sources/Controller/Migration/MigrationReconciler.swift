public import ControllerRuntime
public import Model
import Store

/// Takes the data of one cluster to another: looks at both ends, fills, follows, proves, changes over.
///
/// A pass finds out what is known, asks ``MigrationPlan`` for one step and takes it. The long work runs as jobs; which of
/// them runs is decided anew at each pass, so that a controller that is killed is followed by one that goes on.
public struct MigrationReconciler: Reconciler {
    /// The finalizer that keeps the record until its source takes writes again and nothing works for it.
    static let finalizer = "lodestone.dev/migration"
    static let look = Duration.milliseconds(500)

    let services: ControllerServices

    /// Creates the reconciler.
    public init(services: ControllerServices) {
        self.services = services
    }

    /// Takes the migration one step further.
    public func reconcile(_ migration: inout EtcdMigration) async throws -> Outcome {
        let now = Timestamp.now
        services.migrationBoard.note(
            RecordID(of: migration), from: Self.source(of: migration), tag: migration.freezeTag)
        if migration.metadata.deletionTimestamp != nil { return try await finalize(&migration, at: now) }
        guard migration.metadata.finalizers.contains(Self.finalizer) else {
            migration.metadata.finalizers.append(Self.finalizer)
            migration.status.startTime = now.wholeSeconds
            return .again(after: .zero, because: "the record is kept until everything is put back")
        }
        migration.status.observedGeneration = migration.metadata.generation
        var jobs = MigrationJobs(services: services, migration: migration)
        let facts = try await jobs.facts()
        if migration.status.destinationUID.isEmpty { migration.status.destinationUID = facts.destinationUID ?? "" }
        show(facts, in: &migration)
        if MigrationRefill.isHistory(migration.status, at: now) { migration.status.refills = 0 }
        let step = MigrationPlan.next(migration, facts, at: now)
        let outcome = try await take(step, &migration, jobs, facts, at: now)
        migration.status.rollbackUntil = migration.wayBackEnds
        MigrationConditions.set(in: &migration, at: now)
        return outcome
    }

    /// Whether a pass only moved figures.
    public func isRoutine(_ object: EtcdMigration, since base: EtcdMigration) -> Bool {
        // Where somebody may be looking at a progress bar every figure is news.
        guard object.status.phase == .ready else { return false }
        var (new, old) = (object.status, base.status)
        for keyPath in [\EtcdMigrationStatus.applied, \.sourceRevision, \.lagRevisions, \.rate, \.keys] {
            (new[keyPath: keyPath], old[keyPath: keyPath]) = (nil, nil)
        }
        (new.lag, old.lag, new.message, old.message) = (nil, nil, "", "")
        (new.conditions, old.conditions) = ([], [])
        let judgements = zip(object.status.conditions, base.status.conditions)
        return new == old && object.status.conditions.count == base.status.conditions.count
            && judgements.allSatisfy { ($0.type, $0.status, $0.reason) == ($1.type, $1.status, $1.reason) }
    }

    // MARK: One step

    private func take(
        _ step: MigrationPlan.Step, _ migration: inout EtcdMigration, _ jobs: MigrationJobs, _ facts: MigrationFacts,
        at now: Timestamp
    ) async throws -> Outcome {
        switch step {
        case .check: return await start(.check, jobs)
        case .record: return await start(.record, jobs)
        case .follow: return await start(.follow, jobs)
        case .prove: return await start(.prove, jobs)
        case .freezeSource: return await start(.freeze, jobs)
        case .cutOver: return await start(.cutOver, jobs)
        case .remove: return await start(.remove, jobs)
        case .removed(let count):
            await jobs.forget(.remove)
            migration.status.removedKeys = count
            services.events.normal(migration, "Removed", "\(count) keys that had moved were removed from the source")
            return .again(after: .zero, because: "the keys that moved are removed")
        case .thaw: return await start(.thaw, jobs)
        case .endFormer:
            await jobs.forget(.record)
            await jobs.endFollowing()
            return .again(after: .milliseconds(100), because: "the engine at former addresses is ending")
        case .begin(let source, let destination):
            (migration.status.sourceClusterID, migration.status.destinationClusterID) = (source, destination)
            guard migration.spec.method != .snapshot else { return advance(&migration, to: .ready, at: now) }
            // A migration of the same name may have filled it before, in part.
            migration.status.seeding = (facts.restore?.seeding ?? 0) + 1
            return advance(&migration, to: .seeding, at: now)
        case .frozen(let revision):
            await jobs.forget(.freeze)
            migration.status.frozenRevision = revision
            migration.status.recordedAfter = revision
            migration.status.seeding = max(migration.status.seeding, facts.restore?.seeding ?? 0) + 1
            return .again(after: .zero, because: "the source rests")
        case .makeDestination:
            let cluster = try await services.store.create(try await jobs.destinationRecord())
            migration.status.destinationUID = cluster.metadata.uid
            services.events.normal(
                migration, "DestinationMade",
                "EtcdCluster \(cluster.metadata.name) with \(cluster.spec.size ?? 0) members of etcd "
                    + (cluster.spec.version ?? ""))
            return .again(after: .zero, because: "the destination is being filled")
        case .take(let proof):
            await jobs.forget(.prove)
            let wasEqual = migration.status.proof?.verdict == .equal
            migration.status.proof = proof
            switch proof.verdict {
            case .equal where !wasEqual: services.events.normal(migration, "Proven", proof.message)
            case .different: services.events.warning(migration, "EndsDiffer", proof.message)
            case .equal, .unknown: break
            }
            return .again(after: .zero, because: "both ends were compared")
        case .advance(let phase): return advance(&migration, to: phase, at: now)
        case .freeze:
            do {
                try await MigrationWork(services: services, migration: migration).requireNoOtherFreeze()
            } catch let trouble as MigrationTrouble {
                return await tryAgain(trouble, &migration, jobs, at: now)
            }
            if migration.spec.cutover.freeze == .alarm {
                guard try await jobs.holdSource() else {
                    return .again(after: Self.look, because: "the source is being deleted")
                }
                migration.noteFreeze(at: now)
            } else {
                migration.status.freezeTime = now
            }
            migration.status.frozenRevision = nil
            return advance(&migration, to: .cutOver, at: now)
        case .complete(let revision, let pause, let proof):
            await jobs.endFollowing()
            await jobs.forget(.cutOver)
            migration.status.frozenRevision = revision
            migration.status.pause = pause.wholeMilliseconds
            migration.status.proof = proof
            migration.status.applied = revision
            (migration.status.lagRevisions, migration.status.lag) = (0, .zero)
            if migration.spec.cutover.freeze == .alarm {
                // By now the freeze has our tag, also where that took the place of the common one.
                migration.status.freezeTag = migration.freezeTagText
            } else {
                migration.noteThaw()
            }
            migration.status.apiServerFlag = try await jobs.apiServerFlag()
            let proven = proof.verdict == .equal ? "proven equal" : "with the differences that were accepted"
            let frozen = migration.status.freezeTime == nil ? "" : "; the source takes no writes"
            return end(
                &migration, .completed,
                "\(migration.spec.destinationRef.name) serves since revision \(revision), \(proven); nobody could write "
                    + "for \(pause.wholeMilliseconds.goText)\(frozen)", at: now)
        case .failOver:
            await jobs.endFollowing()
            let (applied, seen) = (migration.status.applied ?? 0, migration.status.sourceRevision ?? 0)
            return end(
                &migration, .completed,
                "failed over to \(migration.spec.destinationRef.name) at revision \(applied); the source was last seen at "
                    + "\(seen): \(max(0, seen - applied)) revisions are not there", at: now)
        case .putBack(let trouble): return await putBack(trouble, &migration, jobs, at: now)
        case .thawed: return try await thawed(&migration, jobs)
        case .lookForFreeze, .adoptFreeze, .forgetFreeze:
            return try await leftover(step, &migration, jobs, facts, at: now)
        case .fillAnew(let why): return await fillAnew(why, &migration, jobs, at: now)
        case .tryAgain(let trouble): return await tryAgain(trouble, &migration, jobs, at: now)
        case .wait(let why):
            migration.status.message = why
            return .again(after: Self.look, because: why)
        case .end(let phase, let message):
            await jobs.endFollowing()
            _ = await services.migrations.forget(migration)
            return end(&migration, phase, message, at: now)
        case .rest: return try await rest(&migration, jobs)
        }
    }

    private func start(_ job: MigrationJobs.Name, _ jobs: MigrationJobs) async -> Outcome {
        await jobs.start(job)
        return .again(after: job == .cutOver ? .milliseconds(50) : .milliseconds(200), because: "the work has begun")
    }

    private func fillAnew(
        _ why: String, _ migration: inout EtcdMigration, _ jobs: MigrationJobs, at now: Timestamp
    ) async -> Outcome {
        await jobs.endFollowing()
        for name in [MigrationJobs.Name.record, .prove, .cutOver] { await jobs.forget(name) }
        migration.status.seeding += 1
        migration.status.refills += 1
        let pause = MigrationRefill.pause(before: migration.status.refills)
        migration.status.nextFillTime = pause > .zero ? (now + pause).wholeSeconds : nil
        migration.status.reseedReason = why
        migration.status.recordedAfter = nil
        migration.status.proof = nil
        services.events.warning(migration, "FilledAnew", why)
        return advance(&migration, to: .seeding, at: now)
    }

    private func advance(_ migration: inout EtcdMigration, to phase: MigrationPhase, at now: Timestamp) -> Outcome {
        migration.status.phase = phase
        migration.status.failures = 0
        migration.status.message =
            switch phase {
            case .seeding: "filling the destination"
            case .replaying: "bringing over what happened meanwhile"
            case .ready where migration.spec.method == .snapshot: "ready; it is filled once its source rests"
            case .ready: "ready; both ends are equal"
            case .opening: "giving the destination the addresses it will serve at"
            case .cutOver: "bringing over the last changes"
            default: migration.status.message
            }
        services.events.normal(migration, "Phase", phase.rawValue)
        return .again(after: .zero, because: "the phase is written down before its work begins")
    }

    private func end(
        _ migration: inout EtcdMigration, _ phase: MigrationPhase, _ message: String, at now: Timestamp
    ) -> Outcome {
        migration.status.phase = phase
        migration.status.message = message
        migration.status.completionTime = now.wholeSeconds
        if phase == .failed {
            services.events.warning(migration, "MigrationFailed", message)
        } else {
            services.events.normal(migration, phase.rawValue, message)
        }
        return .again(after: .zero, because: "the end is written down before anything is removed")
    }

    /// A cut-over that did not come to its end: the source gets its writers back, and it is tried again later.
    private func putBack(
        _ trouble: MigrationTrouble, _ migration: inout EtcdMigration, _ jobs: MigrationJobs, at now: Timestamp
    ) async -> Outcome {
        await jobs.forget(.cutOver)
        await jobs.forget(.freeze)
        migration.status.cutoverFailures += 1
        let pause = Duration.seconds(min(300, 5 << min(migration.status.cutoverFailures, 6)))
        migration.status.nextCutoverTime = (now + pause).wholeSeconds
        // What was proven before is no proof for what comes now.
        migration.status.proof = trouble.proof ?? migration.status.proof
        migration.status.message = "the cut-over was put back: \(trouble)"
        services.events.warning(migration, trouble.reason, migration.status.message)
        guard migration.spec.method == .snapshot else { return advance(&migration, to: .replaying, at: now) }
        (migration.status.frozenRevision, migration.status.recordedAfter) = (nil, nil)
        migration.status.seeding += 1
        migration.status.reseedReason = trouble.description
        return advance(&migration, to: .ready, at: now)
    }

    private func tryAgain(
        _ trouble: MigrationTrouble, _ migration: inout EtcdMigration, _ jobs: MigrationJobs, at now: Timestamp
    ) async -> Outcome {
        await jobs.forgetFailures()
        migration.status.failures += 1
        let isNews = migration.status.conditions[.ready]?.reason != trouble.reason
        migration.status.message = trouble.description
        migration.status.conditions.set(
            Condition(.ready, .false, reason: trouble.reason, message: trouble.description), at: now,
            generation: migration.metadata.generation)
        if isNews { services.events.warning(migration, trouble.reason, trouble.description) }
        let wait = Duration.seconds(min(30, 1 << min(migration.status.failures, 5)))
        return .again(after: wait, because: trouble.description)
    }

    static func source(of migration: EtcdMigration) -> RecordID {
        RecordID(EtcdCluster.kind, namespace: migration.metadata.namespace, name: migration.spec.sourceRef.name)
    }

    private func show(_ facts: MigrationFacts, in migration: inout EtcdMigration) {
        guard !migration.status.phase.isOver else { return }
        if migration.status.phase == .seeding, let restore = facts.restore {
            migration.status.progress = restore.progress
        }
        guard let sight = facts.sight else { return }
        if let after = sight.recordedAfter, migration.status.recordedAfter == nil {
            migration.status.recordedAfter = after
        }
        migration.status.sourceRevision = max(sight.sourceRevision, migration.status.sourceRevision ?? 0)
        guard sight.isFollowing || sight.keys != nil else { return }
        migration.status.progress = sight.isFollowing ? 100 : Int64(100 * sight.part)
        migration.status.keys = sight.keys
        migration.status.rate = sight.rate
        guard sight.isFollowing else { return }
        migration.status.failures = 0
        migration.status.applied = sight.applied
        migration.status.lagRevisions = sight.lagRevisions
        migration.status.lag = sight.lag?.wholeMilliseconds
    }
}
