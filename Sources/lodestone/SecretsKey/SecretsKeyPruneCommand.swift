import Client
import Store

/// `lodestone secrets-key prune`: removes the keys of Secrets that nothing in the store needs any more.
struct SecretsKeyPruneCommand: Command {
    var keys = SecretsKeyOptions()

    static let name = "secrets-key prune"
    static let summary = "removes keys that no Secret in the store needs any more"
    static let discussion = """
        Looks into the store for the keys that its rows were sealed with, and removes all others but the one that seals.
        Refused while a controller runs, as it may be using any of them. Copies of the database that were made before
        the last change of keys cannot be read without the keys that are removed: keep a copy of the key file with them.
        """
    static let options = SecretsKeyOptions.options.map { $0.within(\SecretsKeyPruneCommand.keys) }
    static let examples = [
        CommandExample(
            "lodestone secrets-key prune --data-dir /var/lib/lodestone",
            "Removes old keys, after the controller was started with a fresh one and stopped.")
    ]

    func run(in session: Session) async throws -> ExitCode {
        let (left, removed) = try RecordStore.pruneKeys(keys.store(in: session))
        for key in removed { try session.console.print("key \(key.id) removed") }
        if removed.isEmpty { try session.console.print("all \(left.count) keys are needed") }
        return .success
    }
}
