import Model

/// `lodestone report`: the status report of the fleet.
struct ReportCommand: Command {
    /// From where on the command fails.
    enum Threshold: String, OptionValue, CaseIterable {
        /// Never.
        case never
        /// Anything that needs attention or is not known.
        case warning
        /// Only what needs action now.
        case critical

        var severity: Severity? {
            switch self {
            case .never: nil
            case .warning: .warning
            case .critical: .critical
            }
        }
    }

    var clusters: [String] = []
    var output = OutputFormat.table
    var threshold = Threshold.never
    var detail = ReportText.Detail.auto
    var labels: String?
    var watches = false
    var interval = Duration.seconds(2)
    var connection = ConnectionOptions()

    static let name = "report"
    static let summary = "shows how the fleet stands: members, verdicts with their age, backups, findings with remedies"
    static let discussion = """
        What is old is not believed: a verdict that should have been renewed three times by now is shown as Unknown,
        and a cluster whose members nobody has looked at is Unknown too, never OK. The report covers all namespaces
        unless --namespace names one. It is plain text in a pipe; NO_COLOR turns colour off on a terminal.

        With --watch a terminal shows it anew all the time, until Ctrl-C; in a pipe it is written again whenever it says
        something else than before. With --fail-on the watch ends as soon as there is anything that bad.
        """
    static let options: [CommandOption<ReportCommand>] =
        [
            CommandOption(
                "cluster", \.clusters, placeholder: "NAME", completing: .records(EtcdCluster.kind),
                "Only these clusters"),
            CommandOption(
                "selector", short: "l", \.labels, placeholder: "LABELS",
                "Only clusters with these labels, such as team=a"),
            CommandOption("output", short: "o", \.output, "table for people; json and yaml for machines"),
            CommandOption(
                "fail-on", \.threshold, "Ends with exit code 3 if there is anything this bad; unknown counts as warning"
            ),
            CommandOption("detail", \.detail, "How much is said of clusters that are well"),
            CommandOption("watch", short: "w", \.watches, "Goes on to show it, until interrupted"),
            CommandOption("interval", \.interval, "How often it is made anew with --watch"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone report", "The whole fleet."),
        CommandExample("lodestone report --cluster orders --fail-on critical", "For scripts: is it as bad as that?"),
        CommandExample("lodestone report --watch", "The whole fleet, as it goes."),
        CommandExample("lodestone report -o json", "The same figures for machines."),
    ]
    static let exitCodes = [ExitCode.findings, .unreachable]

    func complaint() -> String? {
        if interval < .milliseconds(100) { return "\"--interval\" must be at least 100ms" }
        return output == .wide || output == .name
            ? "-o \(output.rawValue) is not possible here; choose table, json or yaml" : nil
    }

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        if watches {
            return try await ReportWatch(
                session: session, interval: interval, threshold: threshold.severity,
                render: { lines(of: $0, session) }, isText: !output.isDocument
            ).run { try await records(connection) }
        }
        let report = try await records(connection).report(at: session.now())
        if output.isDocument {
            try session.console.write(lines(of: report, session).map { $0 + "\n" }.joined())
        } else {
            for line in lines(of: report, session) { try session.console.print(line) }
        }
        let isBad = threshold.severity.map { report.hasFindings(from: $0) } ?? false
        return isBad ? .findings : .success
    }

    private func lines(of report: StatusReport, _ session: Session) -> [String] {
        guard output.isDocument else {
            return ReportText(paint: session.console.paint, detail: detail).lines(report)
        }
        // The line's own end comes with printing it.
        let text = output.text(of: report.encoded)
        return [(output == .yaml && watches ? "---\n" : "") + (text.hasSuffix("\n") ? String(text.dropLast()) : text)]
    }

    private func records(_ connection: Connection) async throws -> FleetRecords {
        // One namespace only if it was asked for, by option or environment.
        let namespace = self.connection.namespace
        var query = RecordQuery(EtcdCluster.kind, namespace: namespace)
        query.labelSelector = labels
        let client = connection.client
        var clusters: [EtcdCluster] = try await client.records(query)
        let inspections: [EtcdInspection] = try await client.records(
            RecordQuery(EtcdInspection.kind, namespace: namespace))
        let backups: [EtcdBackup] = try await client.records(RecordQuery(EtcdBackup.kind, namespace: namespace))
        var migrations: [EtcdMigration] = try await client.records(
            RecordQuery(EtcdMigration.kind, namespace: namespace))
        // Of the whole machine, so told only where the whole fleet is.
        let isWholeFleet = self.clusters.isEmpty && labels == nil && namespace == nil
        let findings = isWholeFleet ? try await client.findings() : []
        if !self.clusters.isEmpty {
            if let missing = self.clusters.first(where: { name in !clusters.contains { $0.metadata.name == name } }) {
                throw CommandFailure("there is no cluster \"\(missing)\"")
            }
            clusters = clusters.filter { self.clusters.contains($0.metadata.name) }
        } else {
            // What is made to try a backup is nobody's cluster and goes with the drill.
            clusters.removeAll(where: \.isDrill)
        }
        let names = Set(clusters.map(\.metadata.name))
        migrations.removeAll { !names.contains($0.spec.sourceRef.name) && !names.contains($0.spec.destinationRef.name) }
        return FleetRecords(
            clusters: clusters, inspections: inspections, backups: backups, migrations: migrations, findings: findings)
    }
}

extension APIClient {
    /// All records of a type that a query selects.
    func records<Record: Resource>(_ query: RecordQuery) async throws -> [Record] {
        try await list(query).items.map { try Record(answer: $0) }
    }
}

extension Resource {
    /// Reads a record as the controller sent it.
    ///
    /// - Throws: `APIError.unintelligible` if this executable does not know all of it.
    init(answer document: Value) throws {
        do {
            try self.init(document: document)
        } catch {
            throw APIError.unintelligible(
                "the controller's \(error); is it of another version than this executable? See \"lodestone version\"")
        }
    }
}
