import Archive
import Etcd
import Model
import Threads

/// `lodestone snapshot diff`: lists the keys that two databases do not agree on.
struct SnapshotDiffCommand: Command {
    var first = ""
    var second = ""
    var isFailing = false
    var output = OutputFormat.table
    var reading = SnapshotOptions()

    static let name = "snapshot diff"
    static let summary = "lists the keys that differ between two snapshots or stored backups"
    static let discussion = """
        Compares the keys and values at the latest revision of each. A line for each difference: "-" for a key that only
        the first file has, "+" for one that only the second has, "~" for one with another value. Values are never
        shown. Memory does not grow with the values.
        """
    static let operands: [Operand<SnapshotDiffCommand>] = [
        Operand("FIRST", \.first, completing: .files, "A snapshot, or the object of a backup as it is stored"),
        Operand("SECOND", \.second, completing: .files, "Another one"),
    ]
    static let options: [CommandOption<SnapshotDiffCommand>] =
        [
            CommandOption("exit-code", \.isFailing, "Ends with exit code 3 if anything differs"),
            CommandOption("output", short: "o", \.output, "table for people; json for machines, as it is found"),
        ] + SnapshotOptions.options.map { $0.within(\.reading) }
    static let examples = [
        CommandExample("lodestone snapshot diff before.db after.db", "What changed between two snapshots."),
        CommandExample(
            "lodestone snapshot diff a.db b.db -o json --exit-code",
            "The same for scripts, with code 3 for a difference."),
    ]
    static let exitCodes = [ExitCode.findings]

    func complaint() -> String? {
        [.table, .json].contains(output) ? nil : "-o \(output.rawValue) is not possible here; choose table or json"
    }

    func run(in session: Session) async throws -> ExitCode {
        let left = try await reading.open(first, in: session)
        let right = try await reading.open(second, in: session)
        let isJSON = output == .json
        let console = session.console
        if isJSON { try console.write("{\"differences\": [\n") }
        let result = try await BlockingTask.run {
            var counts: [KeyDifference.Kind: Int] = [:]
            let same = try left.database.differences(to: right.database) { difference in
                let isFirst = counts.isEmpty
                counts[difference.kind, default: 0] += 1
                if isJSON {
                    try console.write("\(isFirst ? "  " : ", ")\(difference.document.json)\n")
                } else {
                    try console.print(difference.line(console.paint))
                }
            }
            return Result(same: same, counts: counts)
        }
        if isJSON {
            try console.write("], \"summary\": \(result.document.json)}\n")
        } else {
            try console.note(result.sentence)
        }
        return isFailing && !result.counts.isEmpty ? .findings : .success
    }

    /// How many keys there are of each kind.
    private struct Result: Sendable {
        let same: Int
        let counts: [KeyDifference.Kind: Int]

        private func count(_ kind: KeyDifference.Kind) -> Int { counts[kind] ?? 0 }

        var sentence: String {
            "\(count(.onlyInFirst)) only in the first, \(count(.onlyInSecond)) only in the second, "
                + "\(count(.changed)) changed, \(same) the same"
        }

        var document: Value {
            var document: Value = ["same": .integer(Int64(same))]
            for kind in KeyDifference.Kind.allCases { document[kind.rawValue] = .integer(Int64(count(kind))) }
            return document
        }
    }
}

extension KeyDifference {
    fileprivate func line(_ paint: Paint) -> String {
        let text = KeyText.text(of: key)
        return switch kind {
        case .onlyInFirst: paint(.red, "- \(text)")
        case .onlyInSecond: paint(.green, "+ \(text)")
        case .changed: paint(.yellow, "~ \(text)")
        }
    }

    /// The key as text, and where it is none as base64 too, so that nothing is lost.
    fileprivate var document: Value {
        var document: Value = [
            "kind": .string(kind.rawValue), "key": .string(KeyText.text(of: key)), "modRevision": .integer(modRevision),
            "valueSize": .integer(Int64(valueSize)),
        ]
        if String(validating: key, as: UTF8.self) == nil { document["keyBase64"] = .string(Base64.encode(key)) }
        return document
    }
}
