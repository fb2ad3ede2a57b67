public import Model

/// Why the store refused or failed; callers switch on it.
public enum StoreError: Error, Sendable, Equatable {
    /// There is no such record.
    case notFound(RecordID)
    /// There is such a record already.
    case alreadyExists(RecordID)
    /// The record is not in the state the caller took it to be in.
    case conflict(RecordID, reason: String)
    /// The history from this revision on is not kept any more, or has not happened yet; list anew.
    case expired(revision: Int64, oldest: Int64)
    /// The document cannot be a record, whatever is stored.
    case invalid(RecordID?, reason: String)
    /// The record does not go together with the others there are, as the condition of its write says.
    case refused(RecordID, [FieldProblem])
    /// A record was sealed with a key that is not in the key file.
    case keyMissing(path: String, keyID: String, keyFile: String)
    /// The keys of confidential records cannot be used.
    case badKeys(path: String, reason: String)
    /// The disk is full; nothing was written, and what was written before is intact.
    case full(path: String)
    /// The store's file is damaged, or none of ours.
    case corrupt(path: String, reason: String)
    /// Another process works on the data directory.
    case locked(path: String, holder: Int32?)
    /// The store cannot be reached now: closed, or the file system refuses.
    case unavailable(path: String, reason: String)
}

extension StoreError: CustomStringConvertible {
    /// One sentence that names the record or the file, and what to do; wording of record errors as in Kubernetes.
    public var description: String {
        switch self {
        case .notFound(let id): "\(id.kind.qualifiedPlural) \"\(id.name)\" not found"
        case .alreadyExists(let id): "\(id.kind.qualifiedPlural) \"\(id.name)\" already exists"
        case .conflict(let id, let reason):
            "Operation cannot be fulfilled on \(id.kind.qualifiedPlural) \"\(id.name)\": \(reason)"
        case .expired(let revision, let oldest):
            "too old resource version: \(revision) (\(oldest)); list again and watch from there"
        case .invalid(let id?, let reason): "\(id.kind.name) \"\(id.name)\" is invalid: \(reason)"
        case .invalid(nil, let reason): "The document is invalid: \(reason)"
        case .refused(let id, let problems):
            "\(InvalidRecord(kind: id.kind.name, name: id.name, problems: problems))"
        case .keyMissing(let path, let keyID, let keyFile):
            "Records in \(path) are sealed with the key \(keyID), which is not in \(keyFile). Put that key file back, or "
                + "name it with --secrets-key-file; nothing was changed."
        case .badKeys(let path, let reason): "The key file \(path) cannot be used: \(reason)."
        case .full(let path):
            "The disk is full, so \(path) cannot take this change; earlier records are intact. Make space and try again."
        case .corrupt(let path, let reason):
            "The store file \(path) is damaged (\(reason)) and was left untouched. Put back a good copy of it, or move "
                + "it away to begin with an empty store."
        case .locked(let path, let holder):
            "The data directory of \(path) is in use by "
                + (holder.map { "the process \($0)" } ?? "another process")
                + ". Stop that controller first, or choose another data directory."
        case .unavailable(let path, let reason): "The store \(path) is not available: \(reason)."
        }
    }

    /// The conflict of a write that was based on an older state.
    package static func stale(_ id: RecordID) -> StoreError {
        .conflict(
            id,
            reason: "the object has been modified; please apply your changes to the latest version and try again")
    }

    /// What a failure of SQLite means for callers.
    init(_ error: SQLiteError, path: String) {
        self =
            switch error.reason {
            case .full: .full(path: path)
            case .corrupt: .corrupt(path: path, reason: error.description)
            case .busy: .unavailable(path: path, reason: "another program holds it: \(error)")
            case .other: .unavailable(path: path, reason: error.description)
            }
    }
}
