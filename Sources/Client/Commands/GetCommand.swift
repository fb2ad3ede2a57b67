import Manifests
import Model

/// `lodestone get`: shows records.
struct GetCommand: Command {
    var targets: [String] = []
    var output = OutputFormat.table
    var selection = SelectionOptions()
    var follows = false
    var showsManagedFields = false
    var connection = ConnectionOptions()

    static let name = "get"
    static let summary = "shows records as a table, JSON or YAML"
    static let discussion = """
        Kinds go by their name, plural or short name: ec (etcdclusters), ei (etcdinspections), eb (etcdbackups), ns
        (namespaces), secrets, ev (events); "all" means clusters, inspections and backups.
        """
    static let operands: [Operand<GetCommand>] = [
        Operand(
            "KIND[/NAME] [NAME]", \.targets, required: true, completing: .targets,
            "Which records: \"ec\", \"ec orders\", \"ec/orders\"")
    ]
    static let options: [CommandOption<GetCommand>] =
        [
            CommandOption("output", short: "o", \.output, "How to show them"),
            CommandOption("watch", short: "w", \.follows, "Goes on to show every change until interrupted"),
            CommandOption(
                "show-managed-fields", \.showsManagedFields, "JSON and YAML also show who manages which fields"),
        ] + SelectionOptions.options.map { $0.within(\.selection) }
        + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone get ec", "The clusters of the namespace, a line each."),
        CommandExample("lodestone get eb -A -o wide", "All backups with where they are."),
        CommandExample("lodestone get ec orders -o yaml", "One cluster, whole."),
        CommandExample("lodestone get ei -w", "The inspections, and a line for every new result."),
    ]
    static let exitCodes = [ExitCode.unreachable]

    func run(in session: Session) async throws -> ExitCode {
        let targets = try RecordTargets(targets, command: Self.name)
        if follows, targets.targets.count > 1 {
            throw UsageError("--watch follows one kind or one record", command: Self.name)
        }
        let connection = try await connection.connect(in: session)
        let queries = targets.targets.map { selection.query($0, in: connection) }
        let printer = RecordPrinter(
            console: session.console, client: connection.client, format: output,
            showsNamespace: selection.isEverywhere, showsManagedFields: showsManagedFields)
        let query = queries[0]
        if output == .table || output == .wide {
            let table = try await printer.printTables(queries)
            if follows { try await printer.followRows(query, after: table) }
        } else {
            let revision = try await printer.printDocuments(queries)
            if follows { try await printer.followDocuments(query, from: revision) }
        }
        return .success
    }
}

/// The options by which records are selected.
struct SelectionOptions: Sendable {
    /// Whether all namespaces are meant.
    var isEverywhere = false
    /// Kubernetes' label selector.
    var labels: String?

    static let options: [CommandOption<SelectionOptions>] = [
        CommandOption("all-namespaces", short: "A", \.isEverywhere, "The records of all namespaces"),
        CommandOption(
            "selector", short: "l", \.labels, placeholder: "LABELS", "Only records with these labels, such as team=a"),
    ]

    /// What to ask for.
    func query(_ target: RecordTargets.Target, in connection: Connection) -> RecordQuery {
        // A name alone says nothing across namespaces.
        let namespace = isEverywhere && target.name == nil ? nil : connection.namespace
        var query = RecordQuery(target.kind.kind, namespace: namespace, name: target.name)
        query.labelSelector = labels
        return query
    }
}
