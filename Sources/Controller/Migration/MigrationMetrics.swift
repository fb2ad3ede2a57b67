import Model
import Telemetry

extension FleetMetrics {
    /// What Prometheus learns of migrations.
    static func migrationFamilies(_ migrations: [EtcdMigration]) -> [MetricFamily] {
        func family(
            _ name: String, _ help: String, _ value: (EtcdMigration) -> Double?
        ) -> MetricFamily {
            MetricFamily(
                name, help,
                samples: migrations.compactMap { migration in
                    value(migration).map {
                        MetricSample(
                            $0, ["namespace": migration.metadata.namespace, "migration": migration.metadata.name])
                    }
                })
        }
        return [
            MetricFamily(
                "lodestone_migration_phase", "Where a migration stands; 1 for the phase it is in.",
                samples: migrations.map { migration in
                    MetricSample(
                        1,
                        [
                            "namespace": migration.metadata.namespace, "migration": migration.metadata.name,
                            "phase": migration.status.phase.rawValue, "source": migration.spec.sourceRef.name,
                            "destination": migration.spec.destinationRef.name,
                            "method": migration.spec.method.rawValue,
                        ])
                }),
            family("lodestone_migration_lag_revisions", "How many revisions the destination is behind.") {
                $0.status.phase.isOver ? nil : $0.status.lagRevisions.map { Double($0) }
            },
            family(
                "lodestone_migration_lag_seconds", "How long the oldest change that is missing has been at the source."
            ) { migration in
                guard !migration.status.phase.isOver, let lag = migration.status.lag else { return nil }
                return Double(lag.components.seconds) + Double(lag.components.attoseconds) / 1e18
            },
            family("lodestone_migration_equal", "Whether the last comparison found both ends equal; none, no value.") {
                switch $0.status.proof?.verdict {
                case .equal: 1
                case .different: 0
                case .unknown, nil: nil
                }
            },
            family(
                "lodestone_migration_refills",
                "How often the destination was filled anew since it last was equal for an hour on end."
            ) { Double($0.status.refills) },
            family("lodestone_migration_source_frozen", "Whether the source takes no writes because of the migration.")
            {
                $0.status.conditions[.sourceFrozen]?.status == .true ? 1 : 0
            },
            family("lodestone_migration_pause_seconds", "How long nobody could write during the cut-over.") {
                migration in
                migration.status.pause.map {
                    Double($0.components.seconds) + Double($0.components.attoseconds) / 1e18
                }
            },
        ]
    }
}
