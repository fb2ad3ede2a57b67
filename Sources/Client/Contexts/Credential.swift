import Model

/// How a kubeconfig's user is proven to a server, besides certificates.
enum Credential: Sendable {
    /// By nothing, or by a certificate alone.
    case none
    /// By a bearer token.
    case token(String)
    /// By the bearer token in a file, which somebody may renew.
    case tokenFile(KubeconfigFile, String)
    /// By what a program says.
    case program(CredentialProgram)

    /// Reads a user's entry.
    ///
    /// - Throws: `CommandFailure` for ways that no controller takes, rather than going on as nobody.
    init(_ user: KubeconfigSet.Entry, isTrusted: Bool) throws {
        func given(_ field: String) -> String? {
            let text = user.content[field]?.string ?? ""
            return text.isEmpty ? nil : text
        }
        if given("as") != nil {
            throw user.file.failure("acts as somebody else (\"as\"), which no Lodestone controller allows")
        }
        if let file = given("tokenFile") {
            self = .tokenFile(user.file, file)
        } else if let token = given("token") {
            self = .token(token)
        } else if given("username") != nil || given("password") != nil {
            throw user.file.failure(
                "has a user name and a password for \"\(user.name)\"; a Lodestone controller takes tokens and "
                    + "certificates only: have a token made with \"lodestone token create\"")
        } else if let program = user.content["exec"], program != .null {
            guard isTrusted else {
                throw user.file.failure(
                    "wants to run a program for \"\(user.name)\", but it was only found nearby and others may have written "
                        + "it; if that is what you want, name it with --kubeconfig")
            }
            self = .program(try CredentialProgram(program, of: user))
        } else if user.content["auth-provider"] != nil {
            throw user.file.failure(
                "has an auth-provider for \"\(user.name)\", which kubectl gave up in 1.26; use a token or an exec entry"
            )
        } else {
            self = .none
        }
    }
}
