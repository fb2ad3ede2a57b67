import Etcd
import Model
import Observers
import Replication

/// How far an engine is, as it told last.
struct MigrationSight: Sendable, Equatable {
    /// Whether the first filling is done and changes are followed.
    var isFollowing = false
    /// How much of the first filling is done, from 0 to 1.
    var part = 0.0
    /// The source's revision that the destination has reached.
    var applied: Int64 = 0
    /// The source's newest revision.
    var sourceRevision: Int64 = 0
    /// For how long the oldest change that is missing has been at the source.
    var lag: Duration?
    /// How many revisions or keys a second are taken.
    var rate: Int64 = 0
    /// Keys that were copied.
    var keys: Int64?
    /// Why it does not go on at the moment; nil while it does.
    var trouble: String?
    /// The revision behind which changes are kept, once they are.
    var recordedAfter: Int64?

    /// How many revisions are missing.
    var lagRevisions: Int64 { max(0, sourceRevision - applied) }
}

/// Why a piece of work for a migration ended, and what that means for it.
struct MigrationTrouble: Error, Sendable, Equatable, CustomStringConvertible {
    /// What comes after it.
    enum Course: Sendable, Equatable {
        /// It is tried again by itself.
        case again
        /// The destination has to be filled anew.
        case fillAnew
        /// The migration cannot go on as it is.
        case over
    }

    /// Why, in one word for programs.
    var reason: String
    /// What happened and what to do about it.
    var description: String
    /// What comes after it.
    var course: Course
    /// The comparison that says so, if it was one.
    var proof: MigrationProof?

    init(_ reason: String, _ description: String, _ course: Course, proof: MigrationProof? = nil) {
        self.reason = reason
        self.description = description
        self.course = course
        self.proof = proof
    }

    /// Decided on typed codes alone.
    init(_ error: any Error) {
        switch error {
        case let error as MigrationTrouble: self = error
        case let error as ReplicationError: self.init(error)
        case let error as LegacyError: self.init("LegacyStore", error.description, .again)
        case let error as AccessProblem: self.init(error.reason, error.description, .again)
        default: self.init("MigrationDelayed", "\(error)", .again)
        }
    }

    private init(_ error: ReplicationError) {
        switch error.code {
        case .unavailable: self.init("ClusterUnavailable", error.description, .again)
        case .refused: self.init("RequestRefused", error.description, .again)
        case .compacted: self.init("HistoryCompacted", error.description, .fillAnew)
        case .gap: self.init("ChangesMissing", error.description, .fillAnew)
        case .diverged: self.init("DestinationDiverged", error.description, .fillAnew)
        case .different: self.init("EndsDiffer", error.description, .again)
        case .conflict: self.init("DestinationNotEmpty", error.description, .again)
        case .spool: self.init("NoSpace", error.description, .again)
        case .unsupported: self.init("Unsupported", error.description, .over)
        }
    }
}

/// How a piece of work for a migration stands.
enum MigrationJob: Equatable {
    /// Nobody does it.
    case none
    /// It is being done.
    case underway
    /// It is done.
    case done(MigrationResult)
    /// It failed.
    case failed(MigrationTrouble)

    /// Whether somebody does it.
    var isUnderway: Bool { self == .underway }
}

/// What a piece of work for a migration has found out.
enum MigrationResult: Sendable, Equatable {
    /// Both ends are fit for it; etcd's identity of the source, and that of a destination that exists already.
    case fit(source: String, destination: String)
    /// The work ended because it was asked to.
    case ended
    /// The source rests at that revision.
    case frozen(Int64)
    /// Both ends were compared.
    case proof(MigrationProof)
    /// Both ends are equal at that revision, and the source takes no writes.
    case cutOver(revision: Int64, pause: Duration, MigrationProof)
    /// The source takes writes again.
    case thawed
    /// Whether the source is frozen by the migration.
    case freeze(isActive: Bool)
    /// So many keys that had moved were removed from the source.
    case removed(Int64)
}

/// Everything that the next step of a migration depends on.
struct MigrationFacts: Equatable {
    /// Where the filling of the destination stands; nil where it has no record, or is not filled by this migration.
    var restore: ClusterRestoreStatus?
    /// The uid of the destination's record; nil where there is none, or another one by now.
    var destinationUID: String?
    /// Whether the destination has its record.
    var hasDestination: Bool { destinationUID != nil }
    /// Whether the source's record is being deleted.
    var isSourceLeaving = false
    /// What the engine told last.
    var sight: MigrationSight?
    /// The look at both ends.
    var check = MigrationJob.none
    /// The keeping of the source's changes before there is a destination.
    var recording = MigrationJob.none
    /// The engine, at the addresses the destination has now.
    var following = MigrationJob.none
    /// An engine at addresses the destination had before.
    var isFormerFollowing = false
    /// The comparison of both ends.
    var proof = MigrationJob.none
    /// The freeze of a source that is copied at rest.
    var freeze = MigrationJob.none
    /// Whether an attempt at a cut-over, also one that was given up, may still raise the alarm.
    var isFreezing = false
    /// The change over.
    var cutover = MigrationJob.none
    /// The removal of what was moved from the source.
    var removal = MigrationJob.none
    /// The lifting of the freeze.
    var thaw = MigrationJob.none
    /// Whether somebody saw the source frozen by this migration; it may have been lifted since.
    var seesFreeze = false
    /// The look whether it still is.
    var freezeLook = MigrationJob.none
}
