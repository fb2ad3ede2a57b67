import Model

/// One change of an EtcdMigration's spec that a person asks for, and what is waited for then.
struct MigrationChange {
    let name: String
    let timeout: Duration

    /// Changes the record and follows it.
    ///
    /// `change` may refuse with a `CommandFailure`.
    func make(
        until goal: MigrationFollower.Goal, waits: Bool, _ connection: Connection, _ session: Session,
        _ change: (inout EtcdMigration) throws -> Void
    ) async throws -> ExitCode {
        let query = RecordQuery(EtcdMigration.kind, namespace: connection.namespace, name: name)
        guard try await connection.client.find(query) != nil else {
            throw CommandFailure(
                "there is no migration \"\(name)\" in namespace \(connection.namespace); see \"lodestone get em\"")
        }
        let stored = try await connection.client.change(query, change)
        guard waits else {
            try session.console.print("etcdmigration/\(name) changed")
            return .success
        }
        return try await MigrationFollower(name: name, limit: timeout).follow(stored, until: goal, connection, session)
    }
}
