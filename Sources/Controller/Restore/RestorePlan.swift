import Archive
import Model

/// What to do next in a restore: a pure function of the phase on record and of how its work stands.
///
/// A phase is on record before its work begins, and its work can be begun again from nothing at any time. So whatever
/// moment the controller is killed at, the next one begins the phase it finds; that ends where the first would have.
enum RestorePlan {
    /// How the work of the present phase stands.
    enum Work: Equatable {
        /// Nobody does it.
        case none
        /// It is being done, or waits for others.
        case underway
        /// It is done.
        case done
        /// It failed.
        case failed(RestoreFailure)
        /// The controller stops, or the record is going.
        case interrupted
    }

    /// One action.
    enum Action: Equatable {
        /// Find out which backup it is, and write it down.
        case choose
        /// Begin the work of the phase.
        case begin
        /// Look again later.
        case wait
        /// Write down the next phase.
        case advance(RestorePhase)
        /// Say what stands in the way and begin the phase again after a while.
        case tryAgain(RestoreFailure, after: Duration)
        /// Say what happened and leave everything as it is, with no process started.
        case giveUp(RestoreFailure)
        /// Nothing is left to do.
        case nothing
    }

    /// The next action; what a migration fills begins to serve when the migration says so.
    static func next(
        in phase: RestorePhase, _ work: Work, failures: Int64, isMigration: Bool = false
    ) -> Action {
        switch (phase, work) {
        case (.succeeded, _), (.failed, _): .nothing
        case (_, .failed(let failure)): next(after: failure, in: phase, failures: failures)
        case (.pending, _): .choose
        case (_, .none), (_, .interrupted): .begin
        case (_, .underway): .wait
        case (.fetching, .done): .advance(.restoring)
        case (.restoring, .done): .advance(.starting)
        case (.starting, .done): .advance(isMigration ? .following : .proving)
        case (.following, .done): .wait
        case (.opening, .done): .advance(.opening)
        case (.proving, .done): .advance(.succeeded)
        }
    }

    private static func next(after failure: RestoreFailure, in phase: RestorePhase, failures: Int64) -> Action {
        switch failure.course {
        case .over: .giveUp(failure)
        // Every other time, as it may not be the copy's fault; and only before members have run.
        case .fetchAgain where phase == .restoring && failures % 2 == 0: .advance(.fetching)
        case .again, .fetchAgain: .tryAgain(failure, after: wait(after: failures))
        }
    }

    /// Longer after each failure, up to a minute.
    static func wait(after failures: Int64) -> Duration { .seconds(min(60, 1 << min(max(0, failures), 6))) }

    /// How much of everything is done when a part of a phase is, in percent: one bar for all of it.
    static func percent(_ phase: RestorePhase, _ part: Double) -> Int64 {
        let (start, end): (Double, Double) =
            switch phase {
            case .pending: (0, 0)
            case .fetching: (0, 45)
            case .restoring: (45, 75)
            case .starting: (75, 90)
            case .following, .opening: (90, 90)
            case .proving: (90, 99)
            case .succeeded, .failed: (100, 100)
            }
        return Int64(start + (end - start) * min(1, max(0, part)))
    }
}

/// How far the work of a phase is.
struct RestoreProgress: Sendable, Equatable {
    /// How much of the phase is done, from 0 to 1.
    var part: Double
    /// What is being done.
    var message: String
}

extension ClusterRestoreStatus {
    /// The figures that every restored member must have.
    var figures: RestoredDatabase.Figures {
        RestoredDatabase.Figures(
            revision: revision ?? 0, compactRevision: compactRevision, liveKeys: keys ?? 0, leases: leases ?? 0,
            authEnabled: authEnabled, hashKV: hashKV ?? 0, etcdVersion: etcdVersion)
    }

    /// Takes the figures from the manifest of the backup.
    mutating func take(_ manifest: BackupManifest) {
        take(manifest.content, size: manifest.file.size)
        (backupRevision, revisionBump) = (nil, nil)
        etcdVersion = manifest.etcdVersion
    }

    /// Takes the figures of what the change log made of the backup.
    mutating func take(_ replayed: SnapshotFigures, bumpedBy bump: Int64?) {
        (backupRevision, revisionBump) = (revision, bump)
        take(replayed.content, size: replayed.size)
    }

    /// Takes the figures of a snapshot that a migration begins with.
    mutating func take(_ seed: SnapshotFigures, etcdVersion version: String) {
        take(seed.content, size: seed.size)
        etcdVersion = version
    }

    private mutating func take(_ content: BackupManifest.Content, size bytes: Int64) {
        revision = content.revision
        compactRevision = content.compactRevision
        keys = content.liveKeys
        leases = content.leases
        authEnabled = content.authEnabled
        hashKV = content.hashKV
        size = ByteCount(bytes)
    }
}
