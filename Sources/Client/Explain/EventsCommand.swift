import Model

/// `lodestone events`: what has happened to records.
struct EventsCommand: Command {
    var target: String?
    var types: [EventType] = []
    var follows = false
    var output = OutputFormat.table
    var selection = SelectionOptions()
    var connection = ConnectionOptions()

    /// What kind of event it is.
    enum EventType: String, OptionValue, CaseIterable {
        case normal = "Normal"
        case warning = "Warning"
    }

    static let name = "events"
    static let summary = "shows what has happened to records, the latest last"
    static let discussion =
        "Events are kept for a while only; \"lodestone describe\" shows those of a record with all else."
    static let options: [CommandOption<EventsCommand>] =
        [
            CommandOption(
                "for", \.target, placeholder: "KIND/NAME", completing: .targets, "Only what happened to this record"),
            CommandOption("types", \.types, "Only events of this type"),
            CommandOption("watch", short: "w", \.follows, "Goes on to show what happens, until interrupted"),
            CommandOption("output", short: "o", \.output, "How to show them"),
        ] + SelectionOptions.options.map { $0.within(\.selection) }
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone events --for ec/orders", "What happened to a cluster."),
        CommandExample("lodestone events -A --types Warning -w", "Everything that goes wrong, as it does."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func complaint() -> String? {
        output == .wide || output == .name || output.isDocument && follows
            ? "-o \(output.rawValue) is not possible here\(follows ? " with --watch" : "")" : nil
    }

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let query = try query(connection)
        let list = try await connection.client.list(query)
        let events = try list.items.map { ($0, try Event(answer: $0)) }.filter { isWanted($0.1) }
            .sorted {
                ($0.1.lastTimestamp ?? Timestamp(secondsSinceEpoch: 0))
                    < ($1.1.lastTimestamp ?? Timestamp(secondsSinceEpoch: 0))
            }
        if output.isDocument {
            try session.console.write(output.text(of: .list(of: events.map(\.0))))
            return .success
        }
        if events.isEmpty, !follows { try session.console.note("no events") }
        var table = table()
        for (_, event) in events { table.add(row(event, session.now())) }
        for line in table.lines(session.console.paint, headings: follows || !events.isEmpty) {
            try session.console.print(line)
        }
        guard follows else { return .success }
        var widths = table.widths
        try await RecordFollower(client: connection.client, query: query).follow(from: list.resourceVersion) { change in
            guard change.kind != .deleted else { return false }
            let event = try Event(answer: change.object)
            guard isWanted(event) else { return false }
            var table = self.table()
            table.add(row(event, session.now()))
            widths = zip(table.widths, widths).map { max($0, $1) }
            for line in table.lines(session.console.paint, widths: widths, headings: false) {
                try session.console.print(line)
            }
            return false
        }
        return .success
    }

    private func query(_ connection: Connection) throws -> RecordQuery {
        var query = RecordQuery(Event.kind, namespace: selection.isEverywhere ? nil : connection.namespace)
        query.labelSelector = selection.labels
        guard let target else { return query }
        let targets = try RecordTargets([target], command: Self.name)
        guard targets.areNamed, let record = targets.targets.first else {
            throw UsageError("name one record as KIND/NAME, such as ec/orders", command: Self.name)
        }
        query.fieldSelector = "involvedObject.kind=\(record.kind.kind.name),involvedObject.name=\(record.name ?? "")"
        return query
    }

    private func isWanted(_ event: Event) -> Bool {
        types.isEmpty || types.contains { $0.rawValue == event.type }
    }

    private func table() -> TextTable {
        let headings = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "COUNT", "MESSAGE"]
        return TextTable(
            selection.isEverywhere ? ["NAMESPACE"] + headings : headings,
            rightAligned: [selection.isEverywhere ? 5 : 4])
    }

    private func row(_ event: Event, _ now: Timestamp) -> [TextTable.Cell] {
        let cells: [TextTable.Cell] = [
            .init(event.lastTimestamp.map { (now - $0).ageText } ?? "-"),
            .init(event.type, event.type == EventType.warning.rawValue ? .yellow : nil), .init(event.reason),
            .init("\(event.involvedObject.kind.lowercased())/\(event.involvedObject.name)"), .init(String(event.count)),
            .init(event.message),
        ]
        return (selection.isEverywhere ? [.init(event.metadata.namespace)] : []) + cells
    }
}
