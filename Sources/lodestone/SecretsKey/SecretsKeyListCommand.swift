import Client
import Store

/// `lodestone secrets-key list`: shows the names of the keys of Secrets.
struct SecretsKeyListCommand: Command {
    var keys = SecretsKeyOptions()

    static let name = "secrets-key list"
    static let summary = "shows the names of the keys for Secrets in the store, never the keys"
    static let options = SecretsKeyOptions.options.map { $0.within(\SecretsKeyListCommand.keys) }
    static let examples = [
        CommandExample(
            "lodestone secrets-key list", "Shows each key's name, when it was made, and what it is used for.")
    ]

    func run(in session: Session) async throws -> ExitCode {
        let file = RecordStore.keyFile(keys.store(in: session))
        guard let all = try file.keys() else {
            throw CommandFailure("There is no key file \(file.path); the controller makes it at its first start.")
        }
        try session.console.print("KEY               MADE                  USE")
        for (place, key) in all.enumerated() {
            try session.console.print("\(key.id)  \(key.created)  \(place == 0 ? "seals and opens" : "opens")")
        }
        return .success
    }
}
