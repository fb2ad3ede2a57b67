import Archive
import Etcd
import Manifests
import Model

/// What commands on files of databases have in common: how to read those that are not plain.
struct SnapshotOptions: Sendable {
    var keyFile: String?
    var scratch = "/var/tmp"

    static let options: [CommandOption<SnapshotOptions>] = [
        CommandOption(
            "key-file", \.keyFile, placeholder: "FILE", environment: "LODESTONE_BACKUP_KEY_FILE",
            "The manifest of the Secret with the keys, for files that are encrypted; - is standard input"),
        CommandOption(
            "scratch", \.scratch, placeholder: "DIRECTORY",
            "Where the plain database lies meanwhile, if the file is compressed or encrypted"),
    ]

    /// Opens a file in whatever form.
    func open(_ file: String, in session: Session) async throws -> SnapshotFile {
        try await SnapshotFile.open(
            session.path(file), keys: try keys(in: session), scratch: session.path(scratch))
    }

    private func keys(in session: Session) throws -> BackupKeyring? {
        guard let keyFile else { return nil }
        let manifests = try ManifestReader.read(try ManifestFiles.read([keyFile], recursive: false, in: session))
        guard let manifest = manifests.first, manifests.count == 1, manifest.kind.kind == Secret.kind else {
            throw CommandFailure("\(keyFile) should hold one Secret, as \"lodestone backup key new\" prints it")
        }
        return try BackupKeyring(try Secret(document: manifest.normalised))
    }

    /// Whether an error says that the bytes of a file are at fault, and not that they could not be looked at.
    static func isDamage(_ error: any Error) -> Bool {
        switch error {
        case let error as DatabaseError: error.isDamage
        case let error as ArchiveError: [.contradiction, .damaged, .invalidManifest].contains(error.code)
        default: false
        }
    }
}
