import Crypto
import Model
import Store
import Transport

/// The one place that decides about every request: who makes it, whether he may, and how often.
final class AccessControl: Sendable {
    let index = AccessIndex()
    let limits: RequestLimits
    private let store: RecordStore
    private let admins: BearerTokens
    private let authenticator: Authenticator
    private let certificates: CertificateUsers
    private let watches = OpenWatches()
    private let now: @Sendable () -> Timestamp

    init(_ options: APIServer.Options, store: RecordStore) {
        self.store = store
        admins = options.tokens
        limits = RequestLimits(options.limits)
        now = options.now
        certificates = CertificateUsers(authority: options.authority)
        authenticator = Authenticator(
            admins: options.tokens, index: index, certificates: certificates, now: options.now)
    }

    /// Has everybody show himself again whom an authority stood behind that may not be trusted any more.
    ///
    /// - Parameter epoch: How often an authority of clients was taken away so far.
    func trustChanged(to epoch: Int) {
        certificates.trustEpoch = epoch
    }

    /// Makes sure that the records that say who may do what are known.
    ///
    /// - Throws: `.serviceUnavailable` and the like where they cannot be read: then nobody but the holder of the data
    ///   directory's token could be told from anybody.
    func prepare() async throws(APIStatus) {
        try await answering { () async throws(StoreError) in try await index.load(from: store) }
    }

    /// Who makes a request.
    ///
    /// - Throws: `.unauthorized`, `.tooManyRequests` for an address that fails over and over, `.forbidden` for the wish
    ///   to act as somebody else.
    func requester(of request: HTTPServerRequest) throws(APIStatus) -> Requester {
        let requester: Requester
        do throws(APIStatus) {
            requester = try authenticator.requester(of: request)
        } catch {
            throw limits.countFailure(from: request.client.network, error)
        }
        // To act as somebody else is not offered, and to ignore the wish would do more than was asked.
        guard !request.headers.contains(where: { $0.name.lowercased().hasPrefix("impersonate-") }) else {
            throw APIStatus(.forbidden, "impersonation is not supported by this server")
        }
        return requester
    }

    /// Refuses what somebody may not do.
    ///
    /// - Throws: `.forbidden`.
    func require(_ wish: AccessAttributes, of requester: Requester) throws(APIStatus) {
        if let refusal = refusal(of: wish, to: requester) { throw refusal }
    }

    /// The store as somebody may use it.
    func gate(for requester: Requester) -> RecordGate {
        RecordGate(store: store, index: index, isMasked: masking(for: requester))
    }

    /// The rules on what somebody may write of these records.
    func rules(for requester: Requester) -> AccessGuard {
        AccessGuard(requester: requester, index: index) { [index, admins] digest in
            guard let bytes = Hex.decode(digest) else { return false }
            return index.token(digest: bytes) != nil || admins.user(of: bytes) != nil
        }
    }

    /// The answer as somebody may see it: without the values of Secrets, and a stream only as long as he may.
    func guarded(
        _ response: HTTPServerResponse, _ target: RecordTarget, _ wish: AccessAttributes, for requester: Requester
    ) -> HTTPServerResponse {
        let isOpen = !target.kind.kind.isConfidential || requester.groups.contains(Role.adminGroup)
        let shown = isOpen ? response : AnswerMask(isMasked: masking(for: requester)).masked(response)
        return watches.guarding(shown, requester, wish)
    }

    /// Keeps what is known current and ends the streams of those who lose their rights, until the task is cancelled.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await self.index.follow(self.store) }
            while !Task.isCancelled {
                // Both only grow, so the sum moves with either.
                watches.check(version: index.version + certificates.trustEpoch, at: now()) { requester, wish in
                    guard authenticator.isStillKnown(requester) else {
                        return Authenticator.refusal("the token or certificate is not valid any more")
                    }
                    return refusal(of: wish, to: requester)
                }
                // Ends early only by cancellation, which the loop looks at.
                try? await Task.sleep(for: .seconds(1))
            }
            group.cancelAll()
        }
    }

    private func refusal(of wish: AccessAttributes, to requester: Requester) -> APIStatus? {
        switch index.policy.decide(user: requester.user, groups: requester.groups, wish) {
        case .allowed: nil
        case .denied(let reason): wish.refusal(of: requester.user, because: reason)
        }
    }

    /// Whether the values of a record are hidden from somebody, by the rights of the moment it is asked.
    private func masking(for requester: Requester) -> @Sendable (RecordID) -> Bool {
        { [index] id in
            guard id.kind.isConfidential else { return false }
            let wish = AccessAttributes(.reveal, id.kind, namespace: id.namespace, name: id.name)
            return !index.policy.decide(user: requester.user, groups: requester.groups, wish).isAllowed
        }
    }
}
