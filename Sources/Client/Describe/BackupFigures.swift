import Model

/// The figures of a finished backup, for people.
struct BackupFigures {
    private let rows: [(String, String)]

    init(_ backup: EtcdBackup) {
        let status = backup.status
        let duration = status.startTime.flatMap { start in status.completionTime.map { $0 - start } }
        let all: [(String, String?)] = [
            ("Backup", backup.displayName), ("Cluster", backup.spec.clusterRef.name),
            ("Revision", status.revision.map { String($0) }), ("Keys", status.keys.map { String($0) }),
            ("Leases", status.leases.map { String($0) }), ("Size", status.size?.rounded),
            ("Stored", status.storedSize?.rounded), ("Key", status.keyID),
            ("SHA-256", status.sha256), ("HashKV", status.hashKV.map { String($0) }), ("Member", status.member),
            ("etcd", status.etcdVersion), ("Took", duration.map { $0 < .seconds(1) ? "less than 1s" : $0.goText }),
            ("Location", status.location), ("Kept until", backup.metadata.annotations[EtcdBackup.keptUntilAnnotation]),
        ]
        rows = all.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : (name, $0) } }
    }

    func lines(_ paint: Paint) -> [String] {
        rows.map { name, value in
            paint(.dim, name + String(repeating: " ", count: max(0, 10 - name.count))) + value
        }
    }
}
