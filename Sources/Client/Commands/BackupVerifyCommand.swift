import Model

/// `lodestone backup verify`: has all stored bytes of a backup read and proven.
struct BackupVerifyCommand: Command {
    var backup = ""
    var isDryRun = false
    var timeout = Duration.seconds(3600)
    var output = OutputFormat.table
    var connection = ConnectionOptions()

    static let name = "backup verify"
    static let summary = "has all stored bytes of a backup read and proven"
    static let discussion = """
        The controller reads the backup from its storage and proves it by its digests, by the structure of the database
        and by every figure of its manifest, HashKV among them. A backup that does not pass is Lost from then on: it
        counts for nothing, and the report says so. Ends with 1 if the backup did not pass.
        """
    static let operands: [Operand<BackupVerifyCommand>] = [
        Operand("BACKUP", \.backup, completing: .records(EtcdBackup.kind), "The name of the EtcdBackup")
    ]
    static let options: [CommandOption<BackupVerifyCommand>] =
        [
            CommandOption("timeout", \.timeout, "How long to wait"),
            CommandOption(
                "dry-run", \.isDryRun, "Has the controller check that it can be asked for, and reads nothing"),
            CommandOption("output", short: "o", \.output, "How to show the backup"),
        ] + ConnectionOptions.options.map { $0.within(\.connection) }
    static let examples = [
        CommandExample("lodestone backup verify orders-20261121-050000", "Proves one backup, byte by byte.")
    ]
    static let exitCodes = [ExitCode.unreachable, .timedOut]

    func run(in session: Session) async throws -> ExitCode {
        let connection = try await connection.connect(in: session)
        let query = RecordQuery(EtcdBackup.kind, namespace: connection.namespace, name: backup)
        let request = session.now().text(fractionDigits: 9)
        let record = try await ask(request, query, connection)
        guard !isDryRun else {
            try session.console.print("\(record.reference) would be proven (dry run)")
            return .success
        }
        let finished = try await follow(record, request, query, connection)
        let backup = try EtcdBackup(document: finished)
        switch output {
        case .name: try session.console.print(finished.reference)
        case .json, .yaml: try session.console.write(output.text(of: finished))
        case .table, .wide:
            for line in BackupFigures(backup).lines(session.console.paint) { try session.console.print(line) }
        }
        let stored = backup.status.conditions[.stored]
        guard stored?.status == .true else {
            throw CommandFailure("etcdbackup/\(self.backup) is not proven: \(stored?.message ?? "")")
        }
        try session.console.note("etcdbackup/\(self.backup) is proven")
        return .success
    }

    private func ask(_ request: String, _ query: RecordQuery, _ connection: Connection) async throws -> Value {
        try await connection.client.change(query, dryRun: isDryRun) { (backup: inout EtcdBackup) in
            guard [.succeeded, .lost].contains(backup.status.phase) else {
                throw CommandFailure(
                    "etcdbackup/\(self.backup) is \(backup.status.phase.rawValue); only a finished backup can be proven"
                )
            }
            backup.metadata.annotations[EtcdBackup.verifyAnnotation] = request
        }
    }

    private func follow(
        _ record: Value, _ request: String, _ query: RecordQuery, _ connection: Connection
    ) async throws -> Value {
        let (name, limit) = (backup, timeout)
        return try await FollowedRecord(
            client: connection.client, query: query, limit: limit,
            late: { _ in "etcdbackup/\(name) is not read after \(limit.goText); it goes on by itself" },
            gone: "etcdbackup/\(name) was deleted before it was read"
        ).follow(from: record) { _ in { $0[path: "status", "verifyRequest"]?.string == request } }
    }
}
