import Archive
import Crypto
import Manifests
import Model

/// `lodestone backup key new`: makes a key to encrypt backups with, and prints it as a Secret.
struct BackupKeyCommand: Command {
    var id: String?
    var secret = "backup-keys"
    var namespace: String?
    var previous: String?

    static let name = "backup key new"
    static let summary = "makes a key to encrypt backups with and prints it as a Secret; nothing is stored"
    static let discussion = """
        Apply the Secret and name it in spec.backup.encryption.secretRef of a cluster. Keep a copy where it survives
        the loss of this machine: without the key nobody can ever read the backups. To change keys, give the old Secret
        with --add-to: the new key becomes the current one and the old ones stay, so that old backups stay readable.
        """
    static let options: [CommandOption<BackupKeyCommand>] = [
        CommandOption("id", \.id, placeholder: "NAME", "The name of the key; made from the date if not given"),
        CommandOption("secret", \.secret, placeholder: "NAME", "The name of the Secret"),
        CommandOption(
            "namespace", short: "n", \.namespace, placeholder: "NAME", completing: .namespaces,
            "The namespace of the Secret"),
        CommandOption(
            "add-to", \.previous, placeholder: "FILE", "The manifest of the Secret so far; - is standard input"),
    ]
    static let examples = [
        CommandExample("lodestone backup key new > keys.yaml", "Makes a first key."),
        CommandExample(
            "lodestone get secret backup-keys -o yaml | lodestone backup key new --add-to - | lodestone apply -f -",
            "Changes the key of a cluster's backups."),
    ]

    func complaint() -> String? {
        guard let id, !SealingKey.isName(id) || id == BackupKeyring.currentEntry else { return nil }
        return "\"\(id)\" cannot be the name of a key; use letters, digits, \"-\", \"_\" and \".\""
    }

    func run(in session: Session) async throws -> ExitCode {
        var record = try base(in: session)
        let id = id ?? "key-\(session.now().description.filter(\.isNumber).prefix(14))"
        guard record.data[id] == nil else {
            throw CommandFailure("Secret \"\(record.metadata.name)\" has a key \"\(id)\" already; choose another name")
        }
        record.data[id] = Base64.encode(RandomBytes.make(count: SealingKey.byteCount))
        record.data[BackupKeyring.currentEntry] = Base64.encode(Array(id.utf8))
        // What is printed is what will be used.
        _ = try BackupKeyring(record)
        try session.console.write(record.document.yaml)
        try session.console.note(
            "keep a copy of this where it survives the loss of this machine: without the key nobody can read the backups"
        )
        return .success
    }

    /// The Secret so far, or an empty one.
    private func base(in session: Session) throws -> Secret {
        var fresh = Secret()
        fresh.metadata = ObjectMeta(name: secret)
        if let namespace { fresh.metadata.namespace = namespace }
        guard let previous else { return fresh }
        let manifests = try ManifestReader.read(try ManifestFiles.read([previous], recursive: false, in: session))
        guard let manifest = manifests.first, manifests.count == 1, manifest.kind.kind == Secret.kind else {
            throw CommandFailure("\(previous) should hold one Secret, as \"lodestone backup key new\" prints it")
        }
        let old = try Secret(document: manifest.normalised)
        fresh.metadata = ObjectMeta(name: old.metadata.name, namespace: old.metadata.namespace)
        fresh.data = old.data
        return fresh
    }
}
