import Archive
import Etcd
import Model

/// `lodestone snapshot inspect`: shows what is in a file of a database.
struct SnapshotInspectCommand: Command {
    var file = ""
    var depth = 2
    var prefixes = 20
    var largest = 10
    var output = OutputFormat.table
    var reading = SnapshotOptions()

    static let name = "snapshot inspect"
    static let summary = "shows what is in a snapshot or a stored backup, without an etcd and without a controller"
    static let discussion = """
        Also reads the database of a stopped member (member/snap/db), which has no SHA-256 to prove it by. Sizes below
        prefixes count all versions that are still held; those of keys count the key and its newest value. Ends with 3
        if the bytes are not what was saved.
        """
    static let operands: [Operand<SnapshotInspectCommand>] = [
        Operand("FILE", \.file, "A snapshot, the object of a backup as it is stored, or a stopped member's database")
    ]
    static let options: [CommandOption<SnapshotInspectCommand>] =
        [
            CommandOption(
                "depth", \.depth, "How many names a prefix has: 2 tells /registry/pods/ from /registry/leases/"),
            CommandOption("prefixes", \.prefixes, "How many prefixes to show, those with most bytes first"),
            CommandOption("largest", \.largest, "How many of the largest keys to show"),
            CommandOption("output", short: "o", \.output, "table for people; json and yaml for machines"),
        ] + SnapshotOptions.options.map { $0.within(\.reading) }
    static let examples = [
        CommandExample("lodestone snapshot inspect snapshot.db", "Everything about a snapshot."),
        CommandExample(
            "lodestone snapshot inspect snapshot.db --depth 3 -o json", "The same for machines, by namespace."),
    ]
    static let exitCodes = [ExitCode.findings]

    func complaint() -> String? {
        if output == .wide || output == .name {
            return "-o \(output.rawValue) is not possible here; choose table, json or yaml"
        }
        return depth >= 1 && prefixes >= 0 && largest >= 0 ? nil : "a number is negative, or --depth is 0"
    }

    func run(in session: Session) async throws -> ExitCode {
        do {
            let snapshot = try await reading.open(file, in: session)
            let report = try await SnapshotReport.read(
                snapshot, file: file, depth: depth, prefixes: prefixes, largest: largest)
            if output.isDocument {
                try session.console.write(output.text(of: report.encoded))
            } else {
                for line in report.lines(session.console.paint) { try session.console.print(line) }
            }
            return report.checksum == .wrong ? .findings : .success
        } catch  where SnapshotOptions.isDamage(error) {
            throw CommandFailure("\(error)", code: .findings)
        }
    }
}
