import Client
import Store

/// `lodestone secrets-key rotate`: puts a fresh key on top of the keys of Secrets.
struct SecretsKeyRotateCommand: Command {
    var keys = SecretsKeyOptions()

    static let name = "secrets-key rotate"
    static let summary = "makes a fresh key for Secrets in the store"
    static let discussion = """
        Puts a fresh key on top of the key file; the others stay, so that everything can still be opened. From its next
        start on the controller seals with the fresh key, and that start seals anew whatever is under another one. Then
        "lodestone secrets-key prune" removes the keys that nothing needs any more.

        Take a copy of the key file afterwards, and keep it apart from copies of the database: without the key nobody can
        ever read the Secrets.
        """
    static let options = SecretsKeyOptions.options.map { $0.within(\SecretsKeyRotateCommand.keys) }
    static let examples = [
        CommandExample(
            "lodestone secrets-key rotate --data-dir /var/lib/lodestone",
            "Makes a fresh key, which is used from the controller's next start on.")
    ]

    func run(in session: Session) async throws -> ExitCode {
        let file = RecordStore.keyFile(keys.store(in: session))
        let all = try file.rotate(at: session.now())
        for key in all.prefix(1) {
            try session.console.print("key \(key.id) is the first of \(all.count) in \(file.path)")
        }
        try session.console.note("restart the controller to have everything sealed with it")
        return .success
    }
}
