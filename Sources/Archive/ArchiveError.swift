import Etcd
import Glibc

/// A backup that could not be made, found, trusted or removed.
public struct ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is; callers decide on this, never on the text.
    public enum Code: Sendable, Equatable {
        /// Something of that name is there already, and nothing is ever overwritten.
        case exists
        /// Nothing of that name is there.
        case notFound
        /// A name holds something that cannot stand in every storage.
        case invalidName
        /// The storage has no room left.
        case storageFull
        /// The storage refused to read, write, list or delete.
        case storageUnavailable
        /// The storage does not let this user do that.
        case accessDenied
        /// The storage cannot be used as it is described: another region, no such bucket, a clock that is wrong.
        case misconfigured
        /// The storage keeps the object until a date, whoever asks for its deletion.
        case locked
        /// The member's stream ended before the snapshot was whole.
        case incomplete
        /// The member's stream was open but brought nothing for too long.
        case stalled
        /// The snapshot arrived, but its bytes are not what the member meant to send or not a sound database.
        case damaged
        /// The HashKV of the snapshot differs from that of the member it was taken from.
        case hashMismatch
        /// The manifest cannot be read, or belongs to another cluster.
        case invalidManifest
        /// The stored bytes are not those the manifest describes.
        case contradiction
        /// The bytes were sealed with a key that is not at hand; they may be sound.
        case keyMissing
        /// The key at hand has the right name but is not the one the bytes were sealed with.
        case wrongKey
        /// What should be a key for backups, or name one, does not.
        case invalidKey
        /// The place belongs to another cluster.
        case fenced
    }

    /// What kind of failure it is.
    public let code: Code
    /// The backup, object or place at fault, as a person knows it.
    public let subject: String
    /// What happened, as a clause without a full stop.
    public let detail: String
    /// What to do about it, as a clause without a full stop.
    public let remedy: String

    /// Gathers what a sentence needs; without a remedy of its own the usual one of its code.
    public init(_ code: Code, _ subject: String, _ detail: String, remedy: String? = nil) {
        self.code = code
        self.subject = subject
        self.detail = detail
        self.remedy = remedy ?? Self.remedy(for: code)
    }

    /// A sentence that names the subject, what happened, and what to do about it.
    public var description: String { "\(subject): \(detail); \(remedy)." }

    /// Whether the same attempt may well succeed later without anybody doing anything.
    public var isRetryable: Bool {
        switch code {
        case .incomplete, .stalled, .storageUnavailable, .storageFull, .damaged: true
        case .exists, .notFound, .invalidName, .accessDenied, .misconfigured, .locked, .hashMismatch, .invalidManifest,
            .contradiction, .keyMissing, .wrongKey, .invalidKey, .fenced:
            false
        }
    }

    private static func remedy(for code: Code) -> String {
        switch code {
        case .exists: "choose another name, or delete the old backup first"
        case .notFound: "list the backups to see which there are"
        case .invalidName: "use letters, digits, `-`, `_` and `.`, and do not start with `.`"
        case .storageFull: "free space there, keep fewer backups, or choose another storage"
        case .storageUnavailable: "check that the place is there, mounted, and writable by this user"
        case .accessDenied: "check the keys in the storage's Secret, and what their user may do there"
        case .misconfigured: "correct the settings of the storage"
        case .locked: "it is kept until the lock ends and can be deleted then"
        case .incomplete, .stalled: "nothing was stored; it is tried again, with another member if there is one"
        case .damaged: "nothing was stored; it is tried again, and if it happens again check the member's disk"
        case .hashMismatch: "nothing was stored; check the consistency of the cluster's members"
        case .invalidManifest: "the backup is left as it is, and neither counted nor pruned"
        case .contradiction: "do not restore from it: use another backup"
        case .keyMissing:
            "put that key back, under its name, where the keys are; nothing is wrong with the backup itself"
        case .wrongKey: "put the key back that had this name when the backup was made"
        case .invalidKey: "make keys with `lodestone backup key new` and name the current one"
        case .fenced: "give this cluster another place for its backups; those there are left alone"
        }
    }

    /// What a database file was refused for, said of the backup instead of a path that will soon be gone.
    init(_ error: DatabaseError, _ subject: String) {
        let place = error.page.map { "page \($0) of the database: " } ?? ""
        let code: Code =
            switch error.code {
            case .unreadable, .inUse, .cancelled: .storageUnavailable
            case .notADatabase, .damaged, .trailerMissing, .trailerMismatch, .revisionCompacted, .revisionInFuture:
                .damaged
            }
        self.init(code, subject, place + error.detail)
    }

    /// The error of a system call on a path.
    static func system(_ what: String, _ path: String, errno code: Int32) -> ArchiveError {
        let reason = String(cString: strerror(code))
        return switch code {
        case ENOSPC, EDQUOT: ArchiveError(.storageFull, path, "\(what) failed: \(reason)")
        case ENOENT: ArchiveError(.notFound, path, "\(what) failed: \(reason)")
        case EEXIST: ArchiveError(.exists, path, "\(what) failed: \(reason)")
        default: ArchiveError(.storageUnavailable, path, "\(what) failed: \(reason)")
        }
    }
}
