import Model

/// How the words in the tables of records are coloured; what is not known is never green, and neither is a word that
/// this executable has never heard of.
enum CellStyle {
    /// The style of a cell; nil for plain text.
    static func style(of text: String, column: String, kind: Kind) -> Paint.Style? {
        // "Restoring 40%" and "Running (paused)" say more than the word; what is paused is not simply well.
        let word = String(text.prefix { $0 != " " })
        let style = style(ofWord: word, column: column.lowercased(), kind: kind)
        return style == .green && word != text ? .yellow : style
    }

    private static func style(ofWord word: String, column: String, kind: Kind) -> Paint.Style? {
        switch (kind, column) {
        case (EtcdCluster.kind, "phase"): ClusterPhase(rawValue: word)?.style
        case (EtcdCluster.kind, "ready"): style(ofShare: word)
        case (EtcdCluster.kind, "consistency"), (EtcdInspection.kind, "verdict"): Verdict(rawValue: word)?.style
        case (EtcdBackup.kind, "phase"): BackupPhase(rawValue: word)?.style
        case (EtcdMigration.kind, "phase"): MigrationPhase(rawValue: word)?.style
        case (EtcdMigration.kind, "proof"): MigrationVerdict(rawValue: word)?.style
        case (AccessToken.kind, "state"): AccessToken.State(rawValue: word)?.style
        case (Event.kind, "type"): word == "Warning" ? .yellow : nil
        default: nil
        }
    }

    /// The style of "2/3".
    private static func style(ofShare text: String) -> Paint.Style? {
        let parts = text.split(separator: "/").map { Int($0) }
        guard parts.count == 2, let ready = parts[0], let all = parts[1], all > 0 else { return nil }
        return ready >= all ? .green : ready == 0 ? .red : .yellow
    }
}

extension ClusterPhase {
    var style: Paint.Style {
        switch self {
        case .running: .green
        case .pending, .deleting: .dim
        case .creating, .restoring, .degraded: .yellow
        case .quorumLost, .failed: .red
        case .unknown: .magenta
        }
    }
}

extension BackupPhase {
    var style: Paint.Style {
        switch self {
        case .succeeded: .green
        case .pending: .dim
        case .running: .yellow
        case .failed, .lost: .red
        }
    }
}

extension MigrationPhase {
    var style: Paint.Style {
        switch self {
        case .ready, .completed: .green
        case .preflight, .cancelled: .dim
        case .seeding, .replaying, .opening, .cutOver, .rolledBack: .yellow
        case .failed: .red
        }
    }
}

extension MigrationVerdict {
    var style: Paint.Style {
        switch self {
        case .equal: .green
        case .different: .red
        case .unknown: .magenta
        }
    }
}

extension AccessToken.State {
    var style: Paint.Style {
        switch self {
        case .active: .green
        case .expired: .dim
        case .revoked: .red
        }
    }
}
