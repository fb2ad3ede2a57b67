extension EtcdError {
    /// What went wrong, as far as a program can act on it.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        // Requests
        /// The key of the request is empty.
        case emptyKey
        /// The key must exist for this request, and does not.
        case keyNotFound
        /// A transaction writes a key twice, or writes and deletes it.
        case duplicateKey
        /// A transaction has more conditions or operations than the member accepts (`--max-txn-ops`).
        case tooManyOperations
        /// The request is larger than the member accepts (`--max-request-bytes`).
        case requestTooLarge
        /// The request is malformed in another way.
        case invalidArgument

        // Revisions
        /// The revision is compacted away.
        case compacted
        /// The member has not reached the revision yet.
        case futureRevision

        // Capacity
        /// The database reached its quota. The write may have succeeded on the way there.
        case noSpace
        /// The member is too far behind with applying what is committed.
        case tooManyRequests
        /// Something else is used up.
        case resourceExhausted

        // Leases
        /// The lease does not exist.
        case leaseNotFound
        /// A lease with this ID exists already.
        case leaseExists
        /// The time to live is longer than etcd accepts.
        case leaseTooLong

        // Members
        /// No member has this ID.
        case memberNotFound
        /// A member with this ID or peer URL exists already.
        case memberExists
        /// A peer URL is not a valid one.
        case invalidPeerURLs
        /// Too few members run for a change of the membership.
        case notEnoughMembers
        /// The cluster is not healthy enough for a change of the membership.
        case unhealthyCluster
        /// The member is not a learner.
        case notLearner
        /// The learner is not in step with the leader yet.
        case learnerNotReady
        /// The cluster has as many learners as it may have.
        case tooManyLearners
        /// The member is a learner and does not serve this call.
        case learner

        // Leadership
        /// The member knows of no leader.
        case noLeader
        /// Only the leader serves this call, and the member is not it.
        case notLeader
        /// The leader changed while the request was under way.
        case leaderChanged
        /// The member named cannot become leader.
        case badLeaderTransferee

        // Authentication
        /// The call carried no valid token, or the token is no longer valid.
        case unauthenticated
        /// User name or password is wrong.
        case wrongPassword
        /// The user may not do this.
        case permissionDenied
        /// Authentication is off, so that this call makes no sense.
        case authNotEnabled
        /// Users, roles or permissions are not in the state that the call needs.
        case authPrecondition

        // Connection and server
        /// No answer came in time.
        case timeout
        /// The member could not be reached, or cannot serve now.
        case unavailable
        /// Client and member could not prove to each other who they are.
        case untrusted
        /// The caller gave up.
        case cancelled
        /// The cluster has the alarm CORRUPT, or the member says that data is lost.
        case corrupt
        /// The release of etcd does not know the call.
        case unimplemented
        /// The answer belongs to another cluster than earlier ones.
        case otherCluster
        /// The answer is not what the protocol says.
        case malformedResponse
        /// The member is not in the state that the call needs.
        case failedPrecondition
        /// Anything else; the message is all there is.
        case unknown
    }
}

extension EtcdError.Code {
    /// Whether the failure may pass by itself.
    var isTransient: Bool {
        switch self {
        case .tooManyRequests, .noLeader, .leaderChanged, .timeout, .unavailable, .untrusted, .futureRevision:
            true
        default:
            false
        }
    }

    /// Whether a member that answers with this code has refused the request before it could change anything.
    ///
    /// What a request met on its way through raft is not among them: after "leader changed" or "timed out" the
    /// proposal may still be applied, and "no space" is also found out after a write took the last of it.
    var meansNotApplied: Bool {
        switch self {
        case .noSpace, .leaderChanged, .timeout, .unavailable, .untrusted, .cancelled, .corrupt, .resourceExhausted,
            .malformedResponse, .unknown:
            false
        default:
            true
        }
    }

    /// Whether the answer is about the member asked rather than about the cluster.
    var isAboutThisMember: Bool {
        switch self {
        case .learner, .noLeader, .futureRevision: true
        default: false
        }
    }

    /// Whether watches fail with it when their stream does; otherwise they go on over another stream.
    var endsWatches: Bool {
        switch self {
        case .permissionDenied, .unauthenticated, .wrongPassword, .unimplemented, .invalidArgument, .malformedResponse:
            true
        default:
            false
        }
    }

    /// The code as a few words.
    var summary: String {
        switch self {
        case .emptyKey: "the key is empty"
        case .keyNotFound: "the key does not exist"
        case .duplicateKey: "a transaction changes one key twice"
        case .tooManyOperations: "the transaction has too many operations"
        case .requestTooLarge: "the request is too large"
        case .invalidArgument: "the request is not valid"
        case .compacted: "the revision is compacted"
        case .futureRevision: "the revision is not reached yet"
        case .noSpace: "the database has reached its quota"
        case .tooManyRequests: "the member is overloaded"
        case .resourceExhausted: "a resource is used up"
        case .leaseNotFound: "the lease does not exist"
        case .leaseExists: "the lease exists already"
        case .leaseTooLong: "the lease would live too long"
        case .memberNotFound: "the member does not exist"
        case .memberExists: "the member exists already"
        case .invalidPeerURLs: "the peer URLs are not valid"
        case .notEnoughMembers: "too few members run for this change"
        case .unhealthyCluster: "the cluster is not healthy"
        case .notLearner: "the member is not a learner"
        case .learnerNotReady: "the learner is not in step with the leader"
        case .tooManyLearners: "the cluster has its learners already"
        case .learner: "a learner does not serve this call"
        case .noLeader: "the member has no leader"
        case .notLeader: "the member is not the leader"
        case .leaderChanged: "the leader changed"
        case .badLeaderTransferee: "the member cannot become leader"
        case .unauthenticated: "the call is not authenticated"
        case .wrongPassword: "user name or password is wrong"
        case .permissionDenied: "permission is denied"
        case .authNotEnabled: "authentication is off"
        case .authPrecondition: "users and roles do not allow this"
        case .timeout: "no answer in time"
        case .unavailable: "the member is not available"
        case .untrusted: "TLS failed"
        case .cancelled: "the call was cancelled"
        case .corrupt: "the cluster's data is corrupt"
        case .unimplemented: "this release does not know the call"
        case .otherCluster: "another cluster answers here"
        case .malformedResponse: "the answer is not understood"
        case .failedPrecondition: "the member cannot do this now"
        case .unknown: "the call failed"
        }
    }

    /// What a person can do, where the message itself does not say it.
    var remedy: String? {
        switch self {
        case .noSpace: "Compact, defragment and clear the alarm NOSPACE, or raise --quota-backend-bytes."
        case .tooManyOperations: "Split the transaction or raise --max-txn-ops."
        case .requestTooLarge: "Split the request or raise --max-request-bytes."
        case .compacted: "Start again from the newest revision."
        case .unauthenticated: "Give a user name and password."
        case .learnerNotReady: "Wait until the learner has caught up."
        default: nil
        }
    }
}
