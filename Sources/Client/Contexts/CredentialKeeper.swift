import Model

/// Has the `Authorization` of every request at hand, and renews it when it has grown old.
actor CredentialKeeper {
    /// How long the contents of a token file are believed, as in client-go.
    private static let fileAge = Duration.seconds(60)

    private let credential: Credential
    private let session: Session
    private var header: String?
    private var expires: Timestamp?
    private var isKnown = false

    init(_ credential: Credential, in session: Session) {
        self.credential = credential
        self.session = session
    }

    /// The header's value; nil if there is none to send.
    ///
    /// - Throws: `CommandFailure` if a file or a program does not give it.
    func authorization() async throws -> String? {
        if isKnown, expires.map({ session.now() < $0 }) ?? true { return header }
        _ = try await renew()
        return header
    }

    /// Asks anew, whatever is known so far.
    ///
    /// - Returns: the certificate and key that a program gave besides.
    @discardableResult
    func renew() async throws -> CredentialProgram.Answer {
        var answer = CredentialProgram.Answer()
        switch credential {
        case .none: break
        case .token(let token): answer.token = token
        case .tokenFile(let file, let name):
            answer.token = try file.content(of: name)
            answer.expires = session.now() + Self.fileAge
        case .program(let program): answer = try await program.run(in: session)
        }
        header = answer.token.map { "Bearer \($0)" }
        expires = answer.expires
        isKnown = true
        return answer
    }

    /// Whether another attempt can show something else than the one that the server did not take.
    func renewAfterRefusal() async throws -> Bool {
        let refused = header
        switch credential {
        case .none, .token: return false
        case .tokenFile, .program:
            try await renew()
            return header != refused
        }
    }
}
