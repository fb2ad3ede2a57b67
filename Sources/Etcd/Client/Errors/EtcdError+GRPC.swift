import Transport

extension EtcdError {
    /// Takes what a call ended with.
    ///
    /// etcd gives one gRPC code to many errors, and the Maintenance service of 3.4 and 3.5 gives `UNKNOWN` to those of
    /// authentication. The texts are part of its API (`rpctypes`) and the only thing that tells them apart, so they are
    /// looked up here, once, and nowhere else.
    init(_ error: GRPCError, isIdempotent: Bool) {
        self.init(
            Code(error), error.message, endpoint: error.endpoint, wasSent: error.wasSent, isIdempotent: isIdempotent)
    }
}

extension EtcdError.Code {
    init(_ error: GRPCError) {
        if !error.isTransport, let code = Self.code(forText: error.message) {
            self = code
            return
        }
        if error.isOfTrust {
            self = .untrusted
            return
        }
        self =
            switch error.code {
            case .cancelled: .cancelled
            case .invalidArgument: .invalidArgument
            case .deadlineExceeded: .timeout
            case .notFound: .keyNotFound
            case .permissionDenied: .permissionDenied
            case .resourceExhausted: .resourceExhausted
            case .failedPrecondition: .failedPrecondition
            case .outOfRange: .invalidArgument
            case .unimplemented: .unimplemented
            case .unavailable: .unavailable
            case .dataLoss: .corrupt
            case .unauthenticated: .unauthenticated
            case .internal where error.isTransport, .unknown where error.isTransport: .unavailable
            case .ok, .unknown, .alreadyExists, .aborted, .internal: .unknown
            }
    }

    /// Finds the code for one of etcd's own texts; also for the reason why a watch was cancelled.
    static func code(forText text: String) -> Self? {
        // Reasons of cancelled watches are whole errors of Go: "rpc error: code = … desc = etcdserver: …".
        var bare = text.split(separator: " desc = ", maxSplits: 1).last ?? Substring(text)
        for prefix in ["etcdserver: ", "mvcc: ", "auth: ", "lease: ", "membership: "]
        where bare.hasPrefix(prefix) {
            bare = bare.dropFirst(prefix.count)
        }
        if let code = texts[String(bare)] { return code }
        return beginnings.first { bare.hasPrefix($0.text) }?.code
    }

    /// The texts of `rpctypes` in etcd 3.4 to 3.6, without their prefixes.
    private static let texts: [String: Self] = [
        "key is not provided": .emptyKey,
        "key not found": .keyNotFound,
        "value is provided": .invalidArgument,
        "lease is provided": .invalidArgument,
        "too many operations in txn request": .tooManyOperations,
        "duplicate key given in txn request": .duplicateKey,
        "request is too large": .requestTooLarge,
        "required revision has been compacted": .compacted,
        "required revision is a future revision": .futureRevision,
        "database space exceeded": .noSpace,
        "too many requests": .tooManyRequests,
        "requested lease not found": .leaseNotFound,
        "lease already exists": .leaseExists,
        "too large lease TTL": .leaseTooLong,
        "member not found": .memberNotFound,
        "member ID already exist": .memberExists,
        "Peer URLs already exists": .memberExists,
        "given member URLs are invalid": .invalidPeerURLs,
        "re-configuration failed due to not enough started members": .notEnoughMembers,
        "unhealthy cluster": .unhealthyCluster,
        "can only promote a learner member": .notLearner,
        "can only promote a learner member which is in sync with leader": .learnerNotReady,
        "too many learner members in cluster": .tooManyLearners,
        "rpc not supported for learner": .learner,
        "no leader": .noLeader,
        "not leader": .notLeader,
        "leader changed": .leaderChanged,
        "bad leader transferee": .badLeaderTransferee,
        "invalid auth token": .unauthenticated,
        "user name is empty": .unauthenticated,
        "revision of auth store is old": .unauthenticated,
        "authentication failed, invalid user ID or password": .wrongPassword,
        "permission denied": .permissionDenied,
        "authentication is not enabled": .authNotEnabled,
        "root user does not exist": .authPrecondition,
        "root user does not have root role": .authPrecondition,
        "user name already exists": .authPrecondition,
        "user name not found": .authPrecondition,
        "role name already exists": .authPrecondition,
        "role name not found": .authPrecondition,
        "role name is empty": .invalidArgument,
        "permission not given": .invalidArgument,
        "role is not granted to the user": .authPrecondition,
        "permission is not granted to the role": .authPrecondition,
        "invalid auth management": .authPrecondition,
        "not capable": .unimplemented,
        "server stopped": .unavailable,
        "corrupt cluster": .corrupt,
        "cluster ID mismatch": .otherCluster,
        "context deadline exceeded": .timeout,
        "context canceled": .cancelled,
        "watch canceled": .cancelled,
        "raft proposal dropped": .noLeader,
    ]

    /// Texts that go on with figures or details.
    private static let beginnings: [(text: String, code: Self)] = [
        ("request timed out", .timeout),
        ("grpc: received message larger than max", .requestTooLarge),
        ("grpc: trying to send message larger than max", .requestTooLarge),
        ("unknown service", .unimplemented),
        ("unknown method", .unimplemented),
    ]
}
