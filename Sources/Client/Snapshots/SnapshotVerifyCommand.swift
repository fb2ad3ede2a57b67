import Archive
import Etcd
import Model

/// `lodestone snapshot verify`: proves a file of a database, in whatever form, without an etcd.
struct SnapshotVerifyCommand: Command {
    var file = ""
    var reading = SnapshotOptions()

    static let name = "snapshot verify"
    static let summary = "proves a snapshot or a stored backup, without an etcd and without a controller"
    static let discussion = """
        Reads all bytes: the SHA-256 that every snapshot ends in, the structure of the database, each record, and
        computes HashKV. Where a manifest.json lies beside the file and is about it, the stored bytes and all its
        figures are compared too. Ends with 3 if the file is damaged, with 1 if that cannot be told, for instance
        because the file is encrypted and its key was not given.
        """
    static let operands: [Operand<SnapshotVerifyCommand>] = [
        Operand("FILE", \.file, "A snapshot, or the object of a backup as it is stored")
    ]
    static let options = SnapshotOptions.options.map { $0.within(\SnapshotVerifyCommand.reading) }
    static let examples = [
        CommandExample("lodestone snapshot verify snapshot.db", "Proves what \"etcdctl snapshot save\" wrote."),
        CommandExample(
            "lodestone snapshot verify --key-file keys.yaml b1/snapshot.db.zst.sealed",
            "Proves a backup in the form in which it is stored."),
    ]
    static let exitCodes = [ExitCode.findings]

    func run(in session: Session) async throws -> ExitCode {
        do {
            let snapshot = try await reading.open(file, in: session)
            let summary = try await snapshot.prove()
            let manifest = snapshot.manifest == nil ? "" : " and all that its manifest says"
            try session.console.print(
                "\(file) is proven: revision \(summary.revision) with \(summary.liveKeys) keys, HashKV "
                    + "\(summary.hash.hash)\(manifest)")
            return .success
        } catch  where SnapshotOptions.isDamage(error) {
            throw CommandFailure("\(error)", code: .findings)
        }
    }
}
