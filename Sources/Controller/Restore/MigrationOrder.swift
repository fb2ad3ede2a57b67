import Model

/// What a cluster that a migration fills has to do next: a pure function of where both stand.
///
/// The two records are each written by their own reconciler and read by the other's: the migration says what it wants
/// (fill, fill anew, open, serve, give up), the cluster says how far it is.
enum MigrationOrder: Equatable {
    /// Go on with the phase on record.
    case proceed
    /// Wait for the migration.
    case wait(String)
    /// Fetch the snapshot of that filling.
    case begin(seeding: Int64)
    /// Put away what there is, for a new filling.
    case startOver(String)
    /// Keep the members running behind the fence.
    case follow
    /// Give the members the addresses they will serve at.
    case open
    /// Put the members behind the fence again, as the cut-over was put back.
    case close
    /// Keep the members running there, and tell nobody yet.
    case stayOpen
    /// Serve.
    case serve
    /// Stop the members; the migration is off.
    case giveUp(String)

    /// The next step.
    static func next(_ restore: ClusterRestoreStatus, _ migration: EtcdMigration?) -> MigrationOrder {
        guard ![.succeeded, .failed].contains(restore.phase) else { return .proceed }
        guard let migration else {
            return restore.phase == .pending
                ? .wait("its EtcdMigration is not there yet") : .giveUp("its EtcdMigration was deleted")
        }
        let status = migration.status
        switch status.phase {
        case .failed, .cancelled:
            return .giveUp("the migration is \(status.phase.rawValue.lowercased()): \(status.message)")
        case .completed, .rolledBack: return restore.isOpen ? .serve : .giveUp("the migration ended without it")
        default: break
        }
        if restore.phase == .pending {
            guard [.seeding, .cutOver].contains(status.phase), status.seeding > restore.seeding,
                status.recordedAfter != nil
            else {
                return .wait("waiting for the migration to keep the source's changes")
            }
            return .begin(seeding: status.seeding)
        }
        guard status.seeding == restore.seeding else { return .startOver(status.reseedReason) }
        switch restore.phase {
        case .following: return [.opening, .cutOver].contains(status.phase) ? .open : .follow
        case .opening where restore.isOpen:
            return [.replaying, .ready].contains(status.phase) ? .close : .stayOpen
        default: return .proceed
        }
    }
}
