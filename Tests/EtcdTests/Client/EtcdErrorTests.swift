import Testing
import Transport

@testable import Etcd

struct EtcdErrorTests {
    private static func error(
        _ code: GRPCCode, _ message: String, sent: Sent = .yes, transport: Bool = false, idempotent: Bool = false
    ) -> EtcdError {
        EtcdError(
            GRPCError(
                code: code, message: message, endpoint: "http://m0", wasSent: sent, isTransport: transport,
                isIdempotent: idempotent),
            isIdempotent: idempotent)
    }

    @Test(
        "What etcd says becomes a code",
        arguments: [
            (.invalidArgument, "etcdserver: key is not provided", .emptyKey),
            (.invalidArgument, "etcdserver: too many operations in txn request", .tooManyOperations),
            (.invalidArgument, "etcdserver: duplicate key given in txn request", .duplicateKey),
            (.invalidArgument, "etcdserver: request is too large", .requestTooLarge),
            (.invalidArgument, "etcdserver: something new", .invalidArgument),
            (.resourceExhausted, "grpc: received message larger than max (2100000 vs. 2097152)", .requestTooLarge),
            (.resourceExhausted, "etcdserver: mvcc: database space exceeded", .noSpace),
            (.resourceExhausted, "etcdserver: too many requests", .tooManyRequests),
            (.resourceExhausted, "something else", .resourceExhausted),
            (.outOfRange, "etcdserver: mvcc: required revision has been compacted", .compacted),
            (.outOfRange, "etcdserver: mvcc: required revision is a future revision", .futureRevision),
            (.notFound, "etcdserver: requested lease not found", .leaseNotFound),
            (.notFound, "etcdserver: member not found", .memberNotFound),
            (.unavailable, "etcdserver: no leader", .noLeader),
            (.unavailable, "etcdserver: leader changed", .leaderChanged),
            (.unavailable, "etcdserver: request timed out", .timeout),
            (.unavailable, "etcdserver: request timed out, possibly due to previous leader failure", .timeout),
            (.unavailable, "etcdserver: unhealthy cluster", .unhealthyCluster),
            (.unavailable, "etcdserver: rpc not supported for learner", .learner),
            (.unknown, "context deadline exceeded", .timeout),
            (.unknown, "auth: invalid auth token", .unauthenticated),
            (.unknown, "auth: user name is empty", .unauthenticated),
            (.unknown, "auth: permission denied", .permissionDenied),
            (.unknown, "etcdserver: mvcc: required revision has been compacted", .compacted),
            (.unknown, "something new", .unknown),
            (.unauthenticated, "etcdserver: invalid auth token", .unauthenticated),
            (.invalidArgument, "etcdserver: user name is empty", .unauthenticated),
            (.invalidArgument, "etcdserver: authentication failed, invalid user ID or password", .wrongPassword),
            (.permissionDenied, "etcdserver: permission denied", .permissionDenied),
            (.failedPrecondition, "etcdserver: authentication is not enabled", .authNotEnabled),
            (.failedPrecondition, "etcdserver: not leader", .notLeader),
            (
                .failedPrecondition, "etcdserver: re-configuration failed due to not enough started members",
                .notEnoughMembers
            ),
            (.dataLoss, "etcdserver: corrupt cluster", .corrupt),
            (.unimplemented, "unknown method AuthStatus for service etcdserverpb.Auth", .unimplemented),
        ] as [(GRPCCode, String, EtcdError.Code)])
    func codes(_ code: GRPCCode, _ message: String, _ expected: EtcdError.Code) {
        #expect(Self.error(code, message).code == expected)
    }

    @Test("The reason of a cancelled watch is read like any other error")
    func reasons() {
        let reason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
        #expect(EtcdError.Code.code(forText: reason) == .permissionDenied)
        #expect(EtcdError.Code.code(forText: "") == nil)
    }

    @Test(
        "Whether to try again follows from whether it was sent, what it met, and whether twice does harm",
        arguments: [
            // Never left: again, whatever it was.
            (error(.unavailable, "refused", sent: .no, transport: true), true),
            (error(.unavailable, "refused", sent: .no, transport: true, idempotent: true), true),
            // Left, and nobody knows: only if twice does no harm.
            (error(.unavailable, "reset", sent: .unknown, transport: true), false),
            (error(.unavailable, "reset", sent: .unknown, transport: true, idempotent: true), true),
            (error(.deadlineExceeded, "too slow", sent: .unknown, transport: true), false),
            // Answered with an error that comes before anything is proposed: again.
            (error(.resourceExhausted, "etcdserver: too many requests"), true),
            (error(.unavailable, "etcdserver: no leader"), true),
            // Answered with an error that may come after: only if twice does no harm.
            (error(.unavailable, "etcdserver: leader changed"), false),
            (error(.unavailable, "etcdserver: request timed out"), false),
            (error(.unavailable, "etcdserver: request timed out", idempotent: true), true),
            // Will not pass by itself.
            (error(.resourceExhausted, "etcdserver: mvcc: database space exceeded", idempotent: true), false),
            (error(.outOfRange, "etcdserver: mvcc: required revision has been compacted", idempotent: true), false),
            (error(.permissionDenied, "etcdserver: permission denied", idempotent: true), false),
            (error(.cancelled, "given up", sent: .no, transport: true, idempotent: true), false),
        ] as [(EtcdError, Bool)])
    func retrying(_ error: EtcdError, _ expected: Bool) {
        #expect(error.isRetryable == expected, "\(error)")
    }

    @Test("An error is a sentence that names the member, and says what is not known")
    func sentences() {
        #expect(
            Self.error(.unavailable, "connection reset", sent: .unknown, transport: true).description
                == "etcd at http://m0: the member is not available: connection reset. "
                + "It is not known whether the request took effect.")
        #expect(
            Self.error(.resourceExhausted, "etcdserver: mvcc: database space exceeded").description
                == "etcd at http://m0: the database has reached its quota: etcdserver: mvcc: database space exceeded. "
                + "Compact, defragment and clear the alarm NOSPACE, or raise --quota-backend-bytes.")
    }

    @Test("Every code has words of its own")
    func words() {
        let all = EtcdError.Code.allCases
        #expect(Set(all.map(\.summary)).count == all.count)
    }
}
