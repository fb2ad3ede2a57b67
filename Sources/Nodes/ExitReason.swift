/// Why a member's process ended, decided from its exit status and the last words of its log.
public enum ExitReason: String, Sendable, CaseIterable {
    /// A port of its client or peer URL is taken.
    case portInUse
    /// The file system is full.
    case diskFull
    /// A limit on file sizes was met.
    case fileTooLarge
    /// The disk answered with an error.
    case diskFailure
    /// The database file is damaged.
    case databaseCorrupt
    /// The write-ahead log is damaged.
    case logCorrupt
    /// Its data differs from the other members' at the same revision.
    case inconsistentData
    /// The cluster has removed this member.
    case removedFromCluster
    /// A member of this name and peer URL has been in the cluster already, and this one has no data.
    case alreadyBootstrapped
    /// The data was written by a newer etcd.
    case invalidDowngrade
    /// etcd does not know a flag or refuses its value.
    case invalidFlag
    /// The list of members it was given does not fit the cluster's.
    case membershipMismatch
    /// No member of the cluster that it should join answered.
    case peersUnreachable
    /// It may not read or write its files or open its port.
    case permissionDenied
    /// It ran out of file descriptors.
    case tooManyOpenFiles
    /// It ran out of memory by its own account.
    case outOfMemory
    /// Something asked it to stop (SIGTERM, SIGINT or SIGHUP).
    case terminated
    /// Something killed it (SIGKILL): a person, or the kernel for lack of memory.
    case killed
    /// A defect of etcd, or damage it does not recognise.
    case panicked
    /// Neither status nor log tell.
    case unexplained

    /// What happened, as the end of a sentence.
    public var explanation: String {
        switch self {
        case .portInUse: "another process listens on one of its addresses"
        case .diskFull: "its file system is full"
        case .fileTooLarge: "a limit on file sizes does not let its files grow"
        case .diskFailure: "its disk reports an input/output error"
        case .databaseCorrupt: "its database file is damaged"
        case .logCorrupt: "its write-ahead log is damaged"
        case .inconsistentData: "its data differs from the other members'"
        case .removedFromCluster: "the cluster has removed it"
        case .alreadyBootstrapped: "the cluster knows it already, and it has no data"
        case .invalidDowngrade: "its data was written by a newer etcd"
        case .invalidFlag: "etcd refuses one of its arguments"
        case .membershipMismatch: "its list of members does not fit the cluster's"
        case .peersUnreachable: "no member of the cluster it should join answered"
        case .permissionDenied: "it is denied access to a file or a port"
        case .tooManyOpenFiles: "it may not open enough files"
        case .outOfMemory: "it ran out of memory"
        case .terminated: "something asked it to stop"
        case .killed: "it was killed"
        case .panicked: "etcd panicked"
        case .unexplained: "its log does not tell why"
        }
    }

    /// What a person does about it, as a sentence of its own.
    public var remedy: String {
        switch self {
        case .portInUse: "End that process (ss -ltnp shows it) or let the member have other ports."
        case .diskFull: "Make room on it; the member is started again by itself."
        case .fileTooLarge: "Lift the limit (ulimit -f, LimitFSIZE=) that the controller runs under."
        case .diskFailure: "Look at the kernel's log, then replace the disk and the member."
        case .databaseCorrupt, .logCorrupt, .inconsistentData:
            "Replace the member: remove it from the cluster and add it again with an empty directory."
        case .removedFromCluster: "Its data goes to quarantine; add a new member if one is missing."
        case .alreadyBootstrapped: "Remove the member from the cluster and add it again."
        case .invalidDowngrade: "Give the cluster the version that its data needs."
        case .invalidFlag: "Correct spec.args or spec.version."
        case .membershipMismatch: "Compare its initial cluster with the member list of the running members."
        case .peersUnreachable: "Bring the other members back first; the member is started again by itself."
        case .permissionDenied: "Give the controller's user access to the member's directory and ports."
        case .tooManyOpenFiles: "Raise the limit (ulimit -n, LimitNOFILE=) that the controller runs under."
        case .outOfMemory, .killed: "Look for the kernel's out-of-memory killer (dmesg); it is started again by itself."
        case .terminated: "It is started again by itself."
        case .panicked, .unexplained: "Read the member's log; it is started again by itself."
        }
    }

    /// Whether starting the same member again cannot help: it is left alone until its description changes.
    public var isPermanent: Bool {
        switch self {
        case .removedFromCluster, .alreadyBootstrapped, .invalidDowngrade, .invalidFlag, .databaseCorrupt, .logCorrupt,
            .inconsistentData:
            true
        default: false
        }
    }
}
