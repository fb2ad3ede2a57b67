import Model

/// Shows how far a migration is, until it is where somebody waits for it.
struct MigrationFollower {
    /// What is waited for.
    enum Goal {
        /// The destination has caught up and was proven, or the migration is over.
        case ready
        /// The migration is over.
        case over
        /// What was moved is removed from the source.
        case removed
    }

    let name: String
    let limit: Duration

    /// Follows from a record on, and prints its figures.
    ///
    /// - Throws: `CommandFailure` if the migration failed or was deleted, or at the time limit.
    func follow(
        _ record: Value, until goal: Goal, _ connection: Connection, _ session: Session
    ) async throws -> ExitCode {
        let (name, limit, console) = (name, limit, session.console)
        let query = RecordQuery(EtcdMigration.kind, namespace: connection.namespace, name: name)
        var latest = record
        if !Self.isThere(try EtcdMigration(answer: record), goal) {
            latest = try await FollowedRecord(
                client: connection.client, query: query, limit: limit,
                late: { seen in
                    "etcdmigration/\(name) is not there yet after \(limit.goText) (\(seen)); it goes on, see \"lodestone "
                        + "migrate watch \(name)\""
                }, gone: "etcdmigration/\(name) was deleted"
            ).follow(from: record) { seen in
                var progress = RestoreProgressLine(console: console)
                return { document in
                    let migration = try EtcdMigration(answer: document)
                    _ = seen.replace(with: migration.status.message)
                    try progress.show(migration.status)
                    guard Self.isThere(migration, goal) else { return false }
                    try progress.finish()
                    return true
                }
            }
        }
        let finished = try EtcdMigration(answer: latest)
        for line in MigrationFigures(finished).lines(session.console.paint) { try session.console.print(line) }
        switch finished.status.phase {
        case .failed: throw CommandFailure("etcdmigration/\(name) failed: \(finished.status.message)")
        case .ready where finished.spec.cutover.mode == .manual && !finished.spec.cutover.approved:
            try session.console.note("change over with: lodestone migrate approve \(name)")
        default: break
        }
        return .success
    }

    private static func isThere(_ migration: EtcdMigration, _ goal: Goal) -> Bool {
        let status = migration.status
        guard status.observedGeneration == migration.metadata.generation else { return false }
        return switch goal {
        case .over: status.phase.isOver && !(status.phase == .completed && migration.spec.goal == .rolledBack)
        case .ready: status.phase.isOver || status.phase == .ready
        case .removed: status.removedKeys != nil
        }
    }
}

extension RestoreProgressLine {
    /// Shows where a migration stands.
    mutating func show(_ status: EtcdMigrationStatus) throws {
        let percent: Int64 =
            switch status.phase {
            case .preflight: 0
            case .seeding: status.progress * 80 / 100
            case .replaying: 85
            case .ready: 90
            case .opening: 92
            case .cutOver: 96
            case .completed, .failed, .cancelled, .rolledBack: 100
            }
        let lag = status.lagRevisions.map { status.phase.isOver ? "" : "; \($0) revisions behind" } ?? ""
        try show(status.phase.rawValue, percent, status.message + lag)
    }
}

/// The figures of a migration, for people.
struct MigrationFigures {
    private let rows: [(String, String)]

    init(_ migration: EtcdMigration) {
        let status = migration.status
        let proof = status.proof
        let took = status.startTime.flatMap { start in status.completionTime.map { ($0 - start).goText } }
        let all: [(String, String?)] = [
            ("Migration", migration.metadata.name),
            ("From", migration.spec.sourceRef.name), ("To", migration.spec.destinationRef.name),
            ("Method", migration.spec.method.rawValue), ("Phase", "\(status.phase.rawValue): \(status.message)"),
            ("Applied", status.applied.map { "revision \($0)" }),
            ("Behind", status.phase.isOver ? nil : status.lagRevisions.map { "\($0) revisions" }),
            ("Proof", proof.map { "\($0.verdict.rawValue): \($0.message)" }),
            ("HashKV", proof?.hashKV.map { String($0) }), ("Keys", proof?.keys.map { String($0) }),
            ("Leases", proof?.leases.map { String($0) }), ("Pause", status.pause?.goText),
            ("Removed", status.removedKeys.map { "\($0) keys from the source" }), ("API server", status.apiServerFlag),
            ("Took", took),
        ]
        rows = all.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : (name, $0) } }
    }

    func lines(_ paint: Paint) -> [String] {
        rows.map { name, value in
            paint(.dim, name + String(repeating: " ", count: max(0, 12 - name.count))) + value
        }
    }
}
