import Client
import Store

/// Where the keys of Secrets are, for the commands that work on them.
struct SecretsKeyOptions: Sendable {
    var dataDirectory = ".lodestone"
    var file: String?

    /// The options, as the commands declare them.
    static let options: [CommandOption<SecretsKeyOptions>] = [
        CommandOption(
            "data-dir", \.dataDirectory, placeholder: "DIRECTORY", environment: "LODESTONE_DATA_DIR",
            "The data directory of the controller"),
        CommandOption(
            "file", \.file, placeholder: "FILE", "The file with the keys; DATA-DIR/keys/records.key if not given"),
    ]

    /// The store the keys belong to.
    func store(in session: Session) -> StoreOptions {
        let directory =
            dataDirectory.hasPrefix("/") ? dataDirectory : "\(session.workingDirectory)/\(dataDirectory)"
        var options = StoreOptions(directory: directory)
        options.keyFile = file.map { $0.hasPrefix("/") ? $0 : "\(session.workingDirectory)/\($0)" }
        return options
    }
}
