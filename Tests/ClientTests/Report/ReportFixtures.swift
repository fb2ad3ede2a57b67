@testable import Client
import Model

/// A fleet of records as a controller writes them, to be changed by tests.
enum ReportFixtures {
    /// The moment all fixtures are about.
    static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

    static func ago(_ seconds: Int64) -> Timestamp { now - .seconds(seconds) }

    /// A cluster of three members in which all is well, seen two seconds ago.
    static func cluster(_ name: String = "orders", _ change: (inout EtcdCluster) -> Void = { _ in }) -> EtcdCluster {
        var cluster = EtcdCluster()
        cluster.metadata = ObjectMeta(name: name)
        cluster.metadata.creationTimestamp = ago(7200)
        cluster.spec.version = "3.4.23"
        cluster.spec.size = 3
        cluster.spec.backup = BackupPolicy()
        cluster.spec.backup?.interval = .seconds(3600)
        cluster.status.phase = .running
        cluster.status.version = "3.4.23"
        cluster.status.leader = "\(name)-0"
        cluster.status.revision = 10234
        cluster.status.readyMembers = 3
        cluster.status.observedTime = ago(2)
        cluster.status.members = (0..<3).map { index in
            var member = MemberStatus()
            member.name = "\(name)-\(index)"
            member.role = index == 0 ? .leader : .follower
            member.phase = .running
            member.version = "3.4.23"
            member.dbSize = ByteCount(21_000_000)
            member.dbSizeInUse = ByteCount(9_000_000)
            member.revision = 10234
            member.raftIndex = 500
            member.raftAppliedIndex = 500 - Int64(index)
            return member
        }
        var backup = ClusterBackupStatus()
        backup.lastBackup = "\(name)-20270115-074500"
        backup.lastSuccessTime = ago(300)
        backup.revision = 10000
        backup.size = ByteCount(9_646_899)
        backup.kept = 3
        backup.nextTime = now + .seconds(3300)
        cluster.status.backup = backup
        change(&cluster)
        return cluster
    }

    /// An inspection that ran four seconds ago and found all well.
    static func inspection(
        _ type: InspectionType, of cluster: String = "orders", _ change: (inout EtcdInspection) -> Void = { _ in }
    ) -> EtcdInspection {
        var inspection = EtcdInspection()
        inspection.metadata = ObjectMeta(name: "\(cluster)-\(type.rawValue.lowercased())")
        inspection.spec.type = type
        inspection.spec.clusterRef = LocalReference(name: cluster)
        inspection.applyDefaults()
        inspection.status.verdict = type == .health ? .healthy : .consistent
        inspection.status.message =
            type == .health ? "3 of 3 members serve" : "3 members agree at revision 10230: 10000 keys"
        inspection.status.lastRunTime = ago(4)
        change(&inspection)
        return inspection
    }

    /// A backup that was finished so many seconds ago.
    static func backup(
        _ name: String, finished seconds: Int64, _ phase: BackupPhase = .succeeded, of cluster: String = "orders"
    ) -> EtcdBackup {
        var backup = EtcdBackup()
        backup.metadata = ObjectMeta(name: name)
        backup.spec.clusterRef = LocalReference(name: cluster)
        backup.status.phase = phase
        backup.status.completionTime = ago(seconds)
        backup.status.revision = 10200
        backup.status.size = ByteCount(1 << 20)
        if phase == .failed { backup.status.message = "no space left on device" }
        return backup
    }

    static func report(
        _ clusters: [EtcdCluster], _ inspections: [EtcdInspection]? = nil, _ backups: [EtcdBackup] = []
    ) -> StatusReport {
        let all = clusters.flatMap {
            [inspection(.health, of: $0.metadata.name), inspection(.consistency, of: $0.metadata.name)]
        }
        return ReportBuilder(at: now).report(clusters, inspections: inspections ?? all, backups: backups)
    }
}
