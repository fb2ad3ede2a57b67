/// The token by which a member knows the user, got when it is first needed and again when the member forgot it.
///
/// Simple tokens live in the memory of the member that gave them: they end with it, or 300 s after their last use. Many
/// calls find that out at the same moment, and the check of a password is made to be slow (bcrypt), so one of them
/// authenticates and the others take what it got. The token leaves this file in request metadata only.
actor AuthSession {
    /// A token, or its absence, which is right where authentication is off.
    struct Token: Sendable, Equatable {
        fileprivate let text: String?
        fileprivate let serial: Int

        /// The metadata that carries it.
        var metadata: [(name: String, value: String)] {
            text.map { [(name: "token", value: $0)] } ?? []
        }
    }

    private typealias Outcome = Result<Token, EtcdError>

    private let authenticate: @Sendable () async throws(EtcdError) -> String
    private var current: Token?
    private var serial = 0
    private var isAuthenticating = false
    private var waiting: [CheckedContinuation<Outcome, Never>] = []

    /// Makes a session that gets its tokens from `authenticate`.
    init(authenticate: @escaping @Sendable () async throws(EtcdError) -> String) {
        self.authenticate = authenticate
    }

    /// The token to use, after one authentication if there is none, or if the one there is has been `refused`.
    func token(afterRefusalOf refused: Token? = nil) async throws(EtcdError) -> Token {
        while true {
            if let current, current != refused { return current }
            guard isAuthenticating else { return try await renew() }
            let outcome = await withCheckedContinuation { waiting.append($0) }
            // Whoever authenticated may have been cancelled; that is no reason for the others to fail.
            if case .failure(let error) = outcome, error.code == .cancelled, !Task.isCancelled { continue }
            return try outcome.get()
        }
    }

    private func renew() async throws(EtcdError) -> Token {
        isAuthenticating = true
        let outcome: Outcome
        do {
            outcome = .success(next(try await authenticate()))
        } catch  where error.code == .authNotEnabled {
            outcome = .success(next(nil))
        } catch {
            outcome = .failure(error)
        }
        isAuthenticating = false
        current = try? outcome.get()  // After a failure there is no token.
        let others = waiting
        waiting = []
        for other in others { other.resume(returning: outcome) }
        return try outcome.get()
    }

    private func next(_ text: String?) -> Token {
        serial += 1
        return Token(text: text, serial: serial)
    }
}
