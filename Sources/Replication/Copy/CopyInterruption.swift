internal import Etcd

/// Why following the source cannot go on as it is, so that both sides must be compared; nobody outside sees it.
enum CopyInterruption: Error, Sendable, Hashable {
    /// History that is needed is gone, at the source or at the destination.
    case compacted
    /// A revision did not come.
    case gap
    /// A lease ended at the destination and lives at the source, so keys may have ended with it.
    case leasesLost
}

extension ReplicationError {
    /// An error of a request whose repetition is safe for reasons that the request itself does not show.
    init(doubtful error: EtcdError, _ subject: String) {
        let plain = ReplicationError(error, subject)
        switch error.code {
        case .timeout, .unavailable, .noLeader, .leaderChanged, .tooManyRequests:
            self.init(.unavailable, subject, plain.detail, remedy: "it is tried again")
        default:
            self = plain
        }
    }
}
