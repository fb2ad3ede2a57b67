import Model

/// What a report is made of: records as they were read at a moment.
struct FleetRecords {
    var clusters: [EtcdCluster] = []
    var inspections: [EtcdInspection] = []
    var backups: [EtcdBackup] = []
    var migrations: [EtcdMigration] = []
    /// What is wrong with the controller's machine.
    var findings: [Finding] = []

    /// The report on these records; the later, the less of them is believed.
    func report(at now: Timestamp) -> StatusReport {
        ReportBuilder(at: now).report(
            clusters, inspections: inspections, backups: backups, migrations: migrations, findings: findings)
    }
}
