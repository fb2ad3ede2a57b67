import Model

/// With which etcd a backup is restored on trial.
enum DrillVersion {
    /// The version a person would restore with: that of the cluster, else that of the backup's member, else another patch
    /// of it, else the next newer etcd; nil where none of those that are installed reads the backup.
    ///
    /// - Parameters:
    ///   - cluster: the version the cluster is to run; nil where somebody else runs it.
    ///   - backup: the version of the member that the backup was taken from.
    ///   - installed: what there is.
    /// - Returns: one of those that are installed.
    static func choose(cluster: String?, backup: String, installed: [String]) -> String? {
        let old = EtcdVersion(backup)
        let known = installed.compactMap { text in EtcdVersion(text).map { (text: text, version: $0) } }
        // An older etcd, by its first two numbers, does not read what a newer one wrote.
        let fitting = known.filter { candidate in
            old.map { ($0.major, $0.minor) <= (candidate.version.major, candidate.version.minor) } ?? true
        }
        for wanted in [cluster, backup] {
            guard let wanted = wanted.flatMap({ EtcdVersion($0) }) else { continue }
            if let same = fitting.first(where: { $0.version == wanted }) { return same.text }
        }
        let sameMinor = fitting.filter { $0.version.major == old?.major && $0.version.minor == old?.minor }
        return (sameMinor.max { $0.version < $1.version } ?? fitting.min { $0.version < $1.version })?.text
    }
}
