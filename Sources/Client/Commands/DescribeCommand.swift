import Model

/// `lodestone describe`: everything about records, made for reading.
struct DescribeCommand: Command {
    var targets: [String] = []
    var selection = SelectionOptions()
    var connection = ConnectionOptions()

    static let name = "describe"
    static let summary = "shows everything about records: status, members, conditions, findings, spec, events"
    static let discussion = "The values of secrets are not shown, only their sizes."
    static let operands: [Operand<DescribeCommand>] = [
        Operand(
            "KIND[/NAME] [NAME]", \.targets, required: true, completing: .targets,
            "Which records: \"ec orders\" or \"ec/orders\"")
    ]
    static let options: [CommandOption<DescribeCommand>] =
        SelectionOptions.options.map { $0.within(\.selection) }
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone describe ec orders", "A cluster with its members, verdicts, backups and events."),
        CommandExample("lodestone describe eb", "All backups of the namespace."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func run(in session: Session) async throws -> ExitCode {
        let targets = try RecordTargets(targets, command: Self.name)
        let connection = try await connection.connect(in: session)
        var isFirst = true
        for target in targets.targets {
            let query = selection.query(target, in: connection)
            let documents =
                target.name == nil
                ? try await connection.client.list(query).items : [try await connection.client.get(query)]
            for document in documents {
                if !isFirst { try session.console.print() }
                isFirst = false
                let context = try await context(of: document, target.kind, connection, session)
                for line in try context.lines(document) { try session.console.print(line) }
            }
        }
        if isFirst { try session.console.note("no \(targets.targets.map(\.kind.kind.plural).joined(separator: ", "))") }
        return .success
    }

    /// A description with what else there is to know of the record: its events and, for a cluster, its inspections and
    /// backups.
    private func context(
        of document: Value, _ kind: RegisteredKind, _ connection: Connection, _ session: Session
    ) async throws -> RecordDescription {
        let client = connection.client
        let namespace = document[path: "metadata", "namespace"]?.string
        var description = RecordDescription(kind: kind.kind, now: session.now(), paint: session.console.paint)
        if kind.kind != Event.kind {
            var events = RecordQuery(Event.kind, namespace: namespace ?? connection.namespace)
            let name = document[path: "metadata", "name"]?.string ?? ""
            let uid = document[path: "metadata", "uid"]?.string ?? ""
            events.fieldSelector =
                "involvedObject.kind=\(kind.kind.name),involvedObject.name=\(name),involvedObject.uid=\(uid)"
            description.events = try await client.records(events)
        }
        if kind.kind == EtcdCluster.kind {
            description.inspections = try await client.records(RecordQuery(EtcdInspection.kind, namespace: namespace))
            description.backups = try await client.records(RecordQuery(EtcdBackup.kind, namespace: namespace))
        }
        return description
    }
}
