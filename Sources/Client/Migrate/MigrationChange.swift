import Model

/// One change of an EtcdMigration's spec that a person asks for, with the options that all such commands have.
struct MigrationChange: Sendable {
    /// The name of the EtcdMigration.
    var name = ""
    /// Whether it is waited for.
    var waits = true
    /// How long it is waited for.
    var timeout = Duration.seconds(3600)
    /// Whether the controller only checks it.
    var isDryRun = false
    var connection = ConnectionOptions()

    static let operand = Operand<MigrationChange>(
        "MIGRATION", \.name, completing: .records(EtcdMigration.kind), "The name of the EtcdMigration")
    static let options: [CommandOption<MigrationChange>] =
        [
            CommandOption("wait", \.waits, "Waits until it is done; --wait=false does not"),
            CommandOption("timeout", \.timeout, "How long to wait"),
            CommandOption("dry-run", \.isDryRun, "Has the controller check it, and changes nothing"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }

    init(timeout: Duration = .seconds(3600)) {
        self.timeout = timeout
    }

    /// Changes the record and follows it.
    ///
    /// `change` may refuse with a `CommandFailure`.
    func make(
        until goal: MigrationFollower.Goal, in session: Session, _ change: (inout EtcdMigration) throws -> Void
    ) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let query = RecordQuery(EtcdMigration.kind, namespace: connection.namespace, name: name)
        guard try await connection.client.find(query) != nil else {
            throw CommandFailure(
                "there is no migration \"\(name)\" in namespace \(connection.namespace); see \"lodestone get em\"")
        }
        let stored = try await connection.client.change(query, dryRun: isDryRun, change)
        guard waits, !isDryRun else {
            try session.console.print("etcdmigration/\(name) changed\(isDryRun ? " (dry run)" : "")")
            return .success
        }
        return try await MigrationFollower(name: name, limit: timeout).follow(stored, until: goal, connection, session)
    }
}
