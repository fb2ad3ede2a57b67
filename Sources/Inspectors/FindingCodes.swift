public import Model

/// The stable names of all findings; programs and alerts may rely on them.
extension FindingCode {
    // MARK: Of any inspection

    /// The inspection could not be made.
    public static let notObserved: FindingCode = "NotObserved"
    /// The list of members may be incomplete.
    public static let membershipUncertain: FindingCode = "MembershipUncertain"

    // MARK: Of one member's health

    /// No connection to a member.
    public static let memberUnreachable: FindingCode = "MemberUnreachable"
    /// A member does not let us in.
    public static let accessRefused: FindingCode = "AccessRefused"
    /// A member takes connections and answers nothing.
    public static let memberSilent: FindingCode = "MemberSilent"
    /// A member cannot read its own store.
    public static let memberReadFails: FindingCode = "MemberReadFails"
    /// A member cannot work with the others.
    public static let memberWithoutQuorum: FindingCode = "MemberWithoutQuorum"
    /// A probe was slow.
    public static let slowProbe: FindingCode = "SlowProbe"
    /// A member reports errors of its own.
    public static let memberComplains: FindingCode = "MemberComplains"

    // MARK: Of the cluster's health

    /// No quorum can be formed, as members themselves report.
    public static let quorumLost: FindingCode = "QuorumLost"
    /// Reads run out of time though a leader is known.
    public static let readsTimeOut: FindingCode = "ReadsTimeOut"
    /// No member answers.
    public static let clusterUnreachable: FindingCode = "ClusterUnreachable"
    /// One more failure ends quorum.
    public static let quorumAtRisk: FindingCode = "QuorumAtRisk"
    /// Endpoints lead to members of different clusters.
    public static let differentClusters: FindingCode = "DifferentClusters"
    /// Endpoints lead to another cluster than before.
    public static let clusterReplaced: FindingCode = "ClusterReplaced"
    /// A database reached its quota.
    public static let alarmNoSpace: FindingCode = "AlarmNoSpace"
    /// etcd found corrupt data.
    public static let alarmCorrupt: FindingCode = "AlarmCorrupt"
    /// A migration keeps the cluster from taking writes.
    public static let frozenByMigration: FindingCode = "FrozenByMigration"
    /// A migration without a record keeps the cluster from taking writes.
    public static let freezeUnaccounted: FindingCode = "FreezeUnaccounted"
    /// A database is close to its quota.
    public static let quotaNearlyUsed: FindingCode = "QuotaNearlyUsed"

    // MARK: Of consistency

    /// A member is further behind than allowed.
    public static let memberLags: FindingCode = "MemberLags"
    /// A member could not be compared.
    public static let notCompared: FindingCode = "NotCompared"
    /// The members' own lists of members differ.
    public static let memberListsDiffer: FindingCode = "MemberListsDiffer"
    /// A linearizable read went backwards or ahead.
    public static let revisionOutOfBracket: FindingCode = "RevisionOutOfBracket"
    /// Members at the same applied index hold different revisions.
    public static let revisionsDiffer: FindingCode = "RevisionsDiffer"
    /// Hashes at one revision differ.
    public static let hashesDiffer: FindingCode = "HashesDiffer"
    /// Numbers of keys at one revision differ.
    public static let keyCountsDiffer: FindingCode = "KeyCountsDiffer"
}
