/// Why something could not be done with a member, its files, its ports or its binary.
///
/// Callers switch on the case; `description` is the sentence for a person.
public enum NodeError: Error, Sendable, Equatable {
    /// The member cannot be described to etcd as asked.
    case invalidSpec(member: String, problem: String)
    /// An extra argument names a flag that belongs to the control plane.
    case reservedFlag(member: String, flag: String, reason: String)
    /// No binary of the wanted version was found; `found` is what was there instead.
    case binaryMissing(wanted: String, found: [EtcdBinary], searched: [String])
    /// The binary that the member names is not there or cannot be executed.
    case binaryNotExecutable(member: String, path: String)
    /// A process uses the directory, so that nothing else may be done with it.
    case inUse(directory: String, pid: Int32)
    /// Another controller is starting or moving this member at this moment.
    case locked(directory: String)
    /// The directory belongs to another member, cluster or incarnation of the cluster.
    case foreignData(directory: String, wanted: MemberIdentity, found: MemberIdentity)
    /// The directory holds files but no marker that says whose they are.
    case unmarkedData(directory: String)
    /// The member has held data before and its write-ahead log or database is gone.
    case dataLost(directory: String, member: String)
    /// The file system has too little room for a member's first start.
    case insufficientSpace(directory: String, available: Int, needed: Int)
    /// Every port of the range is reserved or in use.
    case portsExhausted(range: ClosedRange<Int>, reserved: Int)
    /// etcd's program for restoring snapshots does not lie beside etcd.
    case restoreToolMissing(version: String, searched: [String])
    /// etcd's program could not make a data directory of the snapshot.
    case restoreFailed(member: String, tool: String, status: ProcessExitStatus, words: String)
    /// The process did not end in time after SIGTERM.
    case stillRunning(directory: String, pid: Int32, after: Duration)
    /// The quarantine lies on another file system than the directory, so that a rename cannot move it.
    case otherFileSystem(directory: String, quarantine: String)
    /// A system call failed; `code` is the error number.
    case system(call: String, path: String, code: Int32)
}

extension NodeError: CustomStringConvertible {
    /// What is wrong, with which object, and what to do about it, in one or two sentences.
    public var description: String {
        switch self {
        case .invalidSpec(let member, let problem):
            "Member \(member) cannot be started: \(problem)."
        case .reservedFlag(let member, let flag, let reason):
            "Member \(member): the argument --\(flag) cannot be given, because \(reason). Remove it."
        case .binaryMissing(let wanted, let found, let searched):
            "No etcd \(wanted) was found in \(searched.joined(separator: ", ")). \(Self.offer(found)) "
                + "Install it as <directory>/\(wanted)/etcd in one of these directories."
        case .binaryNotExecutable(let member, let path):
            "Member \(member): \(path) is not there or not executable. Install it again or name another version."
        case .inUse(let directory, let pid):
            "\(directory) is used by the running process \(pid). Stop that member first."
        case .locked(let directory):
            "\(directory) is being started or moved by another process at this moment. It is tried again."
        case .foreignData(let directory, let wanted, let found):
            "\(directory) holds data of \(found.longDescription) and is not used for \(wanted.longDescription). "
                + "Move it away, or correct the record."
        case .unmarkedData(let directory):
            "\(directory) holds files but no marker that says whose they are, and is not used. Move it away."
        case .dataLost(let directory, let member):
            "Member \(member) has held data, and its write-ahead log or database is gone from \(directory). "
                + "Starting it empty could lose acknowledged writes: replace the member."
        case .insufficientSpace(let directory, let available, let needed):
            "\(directory) has \(available >> 20) MiB free and a first start needs \(needed >> 20) MiB. Make room."
        case .portsExhausted(let range, let reserved):
            "No port is free in \(range.lowerBound)-\(range.upperBound) (\(reserved) of \(range.count) are reserved). "
                + "Widen the port range."
        case .restoreToolMissing(let version, let searched):
            "etcd \(version) has no program that restores snapshots beside it: none of "
                + "\(searched.joined(separator: ", ")) is there. Install it (Debian: etcd-client)."
        case .restoreFailed(let member, let tool, let status, let words):
            "The data directory of \(member) could not be made of the snapshot: \(tool) ended with \(status): "
                + "\(words). Make room if its disk is full; otherwise restore another backup."
        case .stillRunning(let directory, let pid, let after):
            "Process \(pid) of \(directory) is still there \(after) after SIGTERM. Stop it with force if it hangs."
        case .otherFileSystem(let directory, let quarantine):
            "\(directory) cannot be moved to \(quarantine), which is on another file system. "
                + "Put the quarantine on the same one."
        case .system(let call, let path, let code):
            "\(call) of \(path) failed: \(SystemCall.text(code))."
        }
    }

    private static func offer(_ found: [EtcdBinary]) -> String {
        if found.isEmpty { return "No etcd at all is there." }
        return "There is " + found.map { "\($0.version) (\($0.path))" }.joined(separator: ", ") + "."
    }
}
