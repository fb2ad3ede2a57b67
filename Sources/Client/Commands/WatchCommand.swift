import Model

/// `lodestone watch`: shows what happens to records, as it happens.
struct WatchCommand: Command {
    var targets: [String] = []
    var selection = SelectionOptions()
    var connection = ConnectionOptions()

    static let name = "watch"
    static let summary = "shows every change of records with its time, until interrupted"
    static let discussion = "What is there at the start comes first, as ADDED."
    static let operands: [Operand<WatchCommand>] = [
        Operand(
            "KIND[/NAME] [NAME]", \.targets, required: true, completing: .targets,
            "Which records: \"ec\" or \"ec/orders\"")
    ]
    static let options: [CommandOption<WatchCommand>] =
        SelectionOptions.options.map { $0.within(\.selection) }
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone watch ec", "Every change of a cluster's status."),
        CommandExample("lodestone watch ev -A", "Everything that happens."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func run(in session: Session) async throws -> ExitCode {
        let targets = try RecordTargets(targets, command: Self.name)
        guard targets.targets.count == 1 else { throw UsageError("watch one kind or one record", command: Self.name) }
        let connection = try await connection.connect(in: session)
        let query = selection.query(targets.targets[0], in: connection)
        var table = RecordTable(of: query.kind)
        var widths: [Int] = []
        let follower = RecordFollower(client: connection.client, query: query, form: .table)
        try await follower.follow { event in
            table.removeRows()
            try table.append(event.object)
            let text = table.text(isWide: false, showsNamespace: selection.isEverywhere)
            let minimum = text.widths
            let isFirst = widths.isEmpty
            widths = zip(minimum, widths + Array(repeating: 0, count: minimum.count)).map { max($0, $1) }
            for (index, line) in text.lines(session.console.paint, widths: widths, headings: isFirst).enumerated() {
                let label =
                    isFirst && index == 0
                    ? "TIME       CHANGE     " : "\(clockTime(session.now()))   \(padded(event.kind.rawValue, 8))   "
                try session.console.print(label + line)
            }
            return false
        }
        return .success
    }

    private func clockTime(_ moment: Timestamp) -> String {
        String(moment.description.dropFirst(11).prefix(8))
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
