import Archive
import Model
import Nodes
import Observers

/// What an error in a restore means: a condition's reason, a sentence with its remedy, and whether to go on trying.
struct RestoreFailure: Error, Equatable, CustomStringConvertible {
    /// What comes after it.
    enum Course: Equatable {
        /// It is tried again by itself, with the cluster shown as failed until it works.
        case again
        /// The backup has to be fetched once more.
        case fetchAgain
        /// It is given up, and no member is ever started.
        case over
    }

    /// Why, in one word for programs.
    var reason: String
    /// What happened and what to do about it.
    var description: String
    /// What comes after it.
    var course: Course

    init(_ reason: String, _ description: String, _ course: Course) {
        self.reason = reason
        self.description = description
        self.course = course
    }

    /// Decided on typed codes alone.
    init(_ error: any Error) {
        switch error {
        case let error as RestoreFailure: self = error
        case let error as ArchiveError: self.init(error)
        case let error as NodeError: self.init(error)
        case let error as AccessProblem: self.init(error.reason, error.description, .again)
        default: self.init("RestoreDelayed", "\(error)", .again)
        }
    }

    private init(_ error: ArchiveError) {
        switch error.code {
        case .notFound: self.init("BackupMissing", error.description, .over)
        case .keyMissing, .wrongKey, .invalidKey: self.init("KeyMissing", error.description, .again)
        case .storageFull: self.init("NoSpace", error.description, .again)
        case .storageUnavailable, .stalled: self.init("StorageUnavailable", error.description, .again)
        case .damaged, .contradiction, .hashMismatch, .incomplete, .invalidManifest:
            self.init("BackupDamaged", error.description, .over)
        default: self.init("BackupUnusable", error.description, .over)
        }
    }

    private init(_ error: NodeError) {
        switch error {
        case .insufficientSpace: self.init("NoSpace", error.description, .again)
        case .binaryMissing, .restoreToolMissing: self.init("VersionMissing", error.description, .again)
        // Its checksum may be wrong, as after a loss of power; a full disk is told by the next attempt.
        case .restoreFailed: self.init("RestoreDelayed", error.description, .fetchAgain)
        case .foreignData, .unmarkedData: self.init("ForeignData", error.description, .over)
        case .dataLost: self.init("DataLost", error.description, .over)
        default: self.init("RestoreDelayed", error.description, .again)
        }
    }
}
