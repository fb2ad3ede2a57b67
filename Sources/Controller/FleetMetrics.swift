public import Model
public import Store
public import Telemetry

/// What Prometheus learns of the fleet, computed from the records at each scrape so that it can never tell something
/// else than the records do.
public enum FleetMetrics {
    /// A collector that reads the records of a store.
    public static func collector(of store: RecordStore) -> MetricsRegistry.Collector {
        {
            // A store that cannot be read is told by the readiness probe and by the absence of these series.
            guard let clusters = try? await store.list(EtcdCluster.self),
                let inspections = try? await store.list(EtcdInspection.self)
            else { return [] }
            let migrations = (try? await store.list(EtcdMigration.self)) ?? []
            return families(clusters: clusters.filter { !$0.isDrill }, inspections: inspections)
                + migrationFamilies(migrations)
        }
    }

    /// The families of metrics for a fleet.
    public static func families(clusters: [EtcdCluster], inspections: [EtcdInspection]) -> [MetricFamily] {
        clusterFamilies(clusters) + backupFamilies(clusters) + drillFamilies(clusters) + inspectionFamilies(inspections)
    }

    private static func clusterFamilies(_ clusters: [EtcdCluster]) -> [MetricFamily] {
        [
            MetricFamily(
                "lodestone_cluster_phase", "Where a cluster stands; 1 for the phase it is in.",
                samples: clusters.map {
                    MetricSample(
                        1,
                        [
                            "namespace": $0.metadata.namespace, "cluster": $0.metadata.name,
                            "phase": $0.status.phase.rawValue, "provider": $0.spec.provider.rawValue,
                        ])
                }),
            perCluster("lodestone_cluster_members", "Voting members of a cluster.", clusters) { cluster in
                Double(cluster.status.members.count { $0.role != .learner })
            },
            perCluster("lodestone_cluster_members_ready", "Voting members that serve linearizable reads.", clusters) {
                Double($0.status.readyMembers)
            },
            perCluster("lodestone_cluster_revision", "The newest revision seen.", clusters) {
                $0.status.revision.map { Double($0) }
            },
            MetricFamily(
                "lodestone_member_db_size_bytes", "The size of a member's database file.",
                samples: clusters.flatMap { cluster in
                    cluster.status.members.compactMap { member in
                        member.dbSize.map { size in
                            MetricSample(
                                Double(size.bytes),
                                [
                                    "namespace": cluster.metadata.namespace, "cluster": cluster.metadata.name,
                                    "member": member.name,
                                ])
                        }
                    }
                }),
            MetricFamily(
                "lodestone_member_up", "Whether a member serves.",
                samples: clusters.flatMap { cluster in
                    cluster.status.members.map { member in
                        MetricSample(
                            member.phase == .running ? 1 : 0,
                            [
                                "namespace": cluster.metadata.namespace, "cluster": cluster.metadata.name,
                                "member": member.name,
                            ])
                    }
                }),
        ]
    }

    private static func backupFamilies(_ clusters: [EtcdCluster]) -> [MetricFamily] {
        [
            perCluster(
                "lodestone_backup_last_success_timestamp_seconds", "When the last good backup was finished.", clusters
            ) { $0.status.backup?.lastSuccessTime.map { Double($0.secondsSinceEpoch) } },
            perCluster("lodestone_backup_size_bytes", "The size of the last good backup.", clusters) {
                $0.status.backup?.size.map { Double($0.bytes) }
            },
            perCluster("lodestone_backup_revision", "The revision of the last good backup.", clusters) {
                $0.status.backup?.revision.map { Double($0) }
            },
            perCluster(
                "lodestone_backup_recoverable_to_timestamp_seconds", "The newest moment that can be brought back.",
                clusters
            ) { $0.status.backup?.recoverableTo.map { Double($0.secondsSinceEpoch) } },
            perCluster("lodestone_backup_failures", "Backups that failed since the last good one.", clusters) {
                $0.status.backup.map { Double($0.failures) }
            },
        ]
    }

    private static func drillFamilies(_ clusters: [EtcdCluster]) -> [MetricFamily] {
        [
            perCluster(
                "lodestone_backup_drill_last_success_timestamp_seconds",
                "When a backup was last restored on trial and came back.", clusters
            ) { $0.status.drill?.lastSuccess?.completionTime.map { Double($0.secondsSinceEpoch) } },
            perCluster(
                "lodestone_backup_drill_recovery_seconds", "How long that took, to the last proof.", clusters
            ) { $0.status.drill?.lastSuccess?.recoveryTime.map(\.seconds) },
            perCluster(
                "lodestone_backup_drill_failed", "Whether the last drill that told something failed.", clusters
            ) { $0.status.drill?.proof.map { $0.verdict == .failed ? 1 : 0 } },
        ]
    }

    /// A figure of an inspection, told apart from others of the same family by one more label.
    private struct Figure {
        var value: Double
        var label = ""
        var labelled = ""
    }

    private static func inspectionFamilies(_ inspections: [EtcdInspection]) -> [MetricFamily] {
        [
            perInspection("lodestone_inspection_verdict", "What an inspection found; 1 for its verdict.", inspections) {
                [Figure(value: 1, label: "verdict", labelled: verdict(of: $0).rawValue)]
            },
            perInspection(
                "lodestone_inspection_last_run_timestamp_seconds", "When an inspection last ran.", inspections
            ) { inspection in
                inspection.status.lastRunTime.map { [Figure(value: Double($0.secondsSinceEpoch))] } ?? []
            },
            perInspection("lodestone_inspection_findings", "Open findings by severity.", inspections) { inspection in
                Severity.allCases.map { severity in
                    let count = inspection.status.findings.count { $0.severity == severity }
                    return Figure(value: Double(count), label: "severity", labelled: severity.rawValue)
                }
            },
        ]
    }

    /// What an inspection found last; of one that is suspended only what is wrong is believed on.
    private static func verdict(of inspection: EtcdInspection) -> Verdict {
        let verdict = inspection.status.verdict
        return inspection.spec.suspend && verdict.severity == nil ? .unknown : verdict
    }

    private static func perCluster(
        _ name: String, _ help: String, _ clusters: [EtcdCluster], _ figure: (EtcdCluster) -> Double?
    ) -> MetricFamily {
        MetricFamily(
            name, help,
            samples: clusters.compactMap { cluster in
                figure(cluster).map {
                    MetricSample($0, ["namespace": cluster.metadata.namespace, "cluster": cluster.metadata.name])
                }
            })
    }

    private static func perInspection(
        _ name: String, _ help: String, _ inspections: [EtcdInspection],
        _ figures: (EtcdInspection) -> [Figure]
    ) -> MetricFamily {
        var samples: [MetricSample] = []
        for inspection in inspections {
            let (namespace, cluster) = (inspection.metadata.namespace, inspection.spec.clusterRef.name)
            let type = inspection.spec.type.rawValue
            for figure in figures(inspection) {
                if figure.label.isEmpty {
                    samples.append(
                        MetricSample(figure.value, ["namespace": namespace, "cluster": cluster, "type": type]))
                } else {
                    samples.append(
                        MetricSample(
                            figure.value,
                            [
                                "namespace": namespace, "cluster": cluster, "type": type,
                                figure.label: figure.labelled,
                            ]))
                }
            }
        }
        return MetricFamily(name, help, samples: samples)
    }
}
