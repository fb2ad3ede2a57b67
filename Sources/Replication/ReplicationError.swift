public import Etcd

/// Data that could not be brought from one cluster to another, or not be proven to be there.
public struct ReplicationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is; callers decide on this, never on the text.
    public enum Code: Sendable, Equatable {
        /// One of the clusters did not answer, or not in time.
        case unavailable
        /// One of the clusters refused a request that it was right to refuse: access, quota, size.
        case refused
        /// Changes that are needed were compacted away at the source.
        case compacted
        /// The source left out a revision, which etcd never does.
        case gap
        /// Somebody else has written to the destination, or it is not the one that was begun with.
        case diverged
        /// Both ends differ where they must be equal.
        case different
        /// The destination holds keys that are in the way.
        case conflict
        /// The local disk could not keep what waits for the destination.
        case spool
        /// What was asked for cannot be done with these clusters.
        case unsupported
    }

    /// What kind of failure it is.
    public let code: Code
    /// The cluster, endpoint or file at fault, as a person knows it.
    public let subject: String
    /// What happened, as a clause without a full stop.
    public let detail: String
    /// What to do about it, as a clause without a full stop.
    public let remedy: String

    /// Gathers what a sentence needs.
    public init(_ code: Code, _ subject: String, _ detail: String, remedy: String) {
        self.code = code
        self.subject = subject
        self.detail = detail
        self.remedy = remedy
    }

    /// A sentence that names the subject, what happened, and what to do about it.
    public var description: String { "\(subject): \(detail); \(remedy)." }

    /// Whether the same attempt may well succeed later without anybody doing anything.
    public var isRetryable: Bool { code == .unavailable || code == .spool }
}

extension ReplicationError {
    /// What an etcd's refusal or silence means for a replication.
    public init(_ error: EtcdError, _ subject: String) {
        let code: Code =
            switch error.code {
            case .compacted: .compacted
            case _ where error.isRetryable || error.mayRetryElsewhere: .unavailable
            default: .refused
            }
        self.init(
            code, subject, "\(error)".trimmingFullStop,
            remedy: code == .unavailable ? "it is tried again" : "see what the cluster says")
    }
}

extension String {
    fileprivate var trimmingFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
