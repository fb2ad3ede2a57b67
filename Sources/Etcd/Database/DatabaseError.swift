import Glibc

/// A database file that cannot be read, or that can be read but must not be trusted.
public struct DatabaseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is; callers decide on this, never on the text.
    public enum Code: Sendable, Equatable {
        /// The system refused to open or read the file; carries the errno.
        case unreadable(Int32)
        /// Another process, most likely an etcd member, has the file open for writing.
        case inUse
        /// The bytes are not an etcd database at all, or not of a format this reader knows.
        case notADatabase
        /// The bytes are an etcd database that breaks one of its own rules.
        case damaged
        /// The file does not end in a sha256 trailer, so its bytes cannot be proven.
        case trailerMissing
        /// The sha256 trailer does not belong to the bytes before it.
        case trailerMismatch
        /// The revision asked for lies before the compact revision.
        case revisionCompacted
        /// The revision asked for lies after the latest revision in the file.
        case revisionInFuture
        /// The task that was reading was cancelled.
        case cancelled
    }

    /// What kind of failure it is.
    public let code: Code
    /// The path of the file as it was opened.
    public let path: String
    /// The page at fault, counted from 0 in units of the file's page size; nil if no single page is.
    public let page: UInt64?
    /// What was found, as a clause without a full stop.
    public let detail: String

    init(_ code: Code, path: String, page: UInt64? = nil, _ detail: String) {
        self.code = code
        self.path = path
        self.page = page
        self.detail = detail
    }

    /// A sentence that names the file, the page, what was found, and what to do about it.
    public var description: String {
        let place = page.map { "\(path), page \($0)" } ?? path
        return "\(place): \(detail); \(remedy)."
    }

    /// Whether the file's bytes are at fault, so that reading it again cannot help.
    public var isDamage: Bool {
        switch code {
        case .damaged, .trailerMissing, .trailerMismatch, .notADatabase: true
        case .unreadable, .inUse, .revisionCompacted, .revisionInFuture, .cancelled: false
        }
    }

    private var remedy: String {
        switch code {
        case .unreadable: "check that the file exists, that this user may read it, and that its disk is sound"
        case .inUse: "take a snapshot of the running member, or stop the member first"
        case .notADatabase: "name a file written by `etcdctl snapshot save`, a backup, or a member's snap/db"
        case .damaged, .trailerMismatch: "do not restore from it: use another backup, or take a new one"
        case .trailerMissing:
            "a snapshot that was saved whole ends in one, so take a new snapshot; only a member's own db file has none"
        case .revisionCompacted: "ask for a revision between the compact and the latest revision"
        case .revisionInFuture: "ask for an earlier revision, or for the latest"
        case .cancelled: "start it again to have an answer"
        }
    }

    static func unreadable(path: String, doing what: String, errno code: Int32) -> DatabaseError {
        DatabaseError(.unreadable(code), path: path, "\(what) failed: \(String(cString: strerror(code)))")
    }
}
