import Glibc

/// The home of one member: etcd's data, and beside it the marker, the log, the process note and the start lock.
///
/// Everything that belongs to a member lies in this one directory, so that one rename moves it to quarantine whole.
public struct MemberDirectory: Sendable, Hashable, CustomStringConvertible {
    /// The absolute path without a trailing slash.
    public let path: String

    /// Names a home, without creating anything.
    ///
    /// The path must be absolute and without `.` or `..`, else `invalidSpec` is thrown.
    public init(_ path: String) throws(NodeError) {
        let parts = path.split(separator: "/")
        guard path.hasPrefix("/"), !parts.isEmpty, !parts.contains("."), !parts.contains(".."), !path.contains("\n")
        else {
            throw .invalidSpec(member: path, problem: "\"\(path)\" is not an absolute, plain path for its directory")
        }
        self.path = "/" + parts.joined(separator: "/")
    }

    /// The path itself.
    public var description: String { path }

    /// What etcd gets as `--data-dir`.
    public var dataPath: String { "\(path)/data" }

    /// What etcd writes to standard output and standard error.
    public var logPath: String { "\(path)/etcd.log" }

    var markerPath: String { "\(path)/lodestone-member" }
    var processNotePath: String { "\(path)/process" }
    var lockPath: String { "\(path)/lock" }

    /// Whether etcd's data is there: a write-ahead log and a database.
    ///
    /// Both are asked for, because etcd 3.4 and 3.5 start without a complaint when either is missing: without the log
    /// they begin a new one over the old database, without the database they replay what the log still has.
    public var holdsData: Bool {
        guard LocalFiles.size("\(dataPath)/member/snap/db") ?? 0 > 0 else { return false }
        let logs = (try? LocalFiles.names(in: "\(dataPath)/member/wal")) ?? []  // Not readable is not there.
        return logs.contains { $0.hasSuffix(".wal") }
    }

    /// Whether data is there or ever was, as far as the marker tells; a marker that cannot be read counts as a yes.
    public var hasHeldData: Bool {
        guard !holdsData else { return true }
        do throws(NodeError) {
            return try marker()?.hasHeldData ?? false
        } catch {
            return true
        }
    }

    /// The member whose marker lies here, or nil when there is no marker.
    public func owner() throws(NodeError) -> MemberIdentity? {
        try marker()?.identity
    }

    /// Makes the directory `identity`'s own, or proves that it is already.
    ///
    /// A directory that does not exist or is empty gets the marker. Throws `foreignData` when the marker names another
    /// member, cluster or incarnation, and `unmarkedData` when there are files without a marker.
    public func claim(for identity: MemberIdentity) throws(NodeError) {
        if let found = try owner() {
            guard found == identity else { throw .foreignData(directory: path, wanted: identity, found: found) }
            return
        }
        let leftovers = try LocalFiles.names(in: path) ?? []
        // A crash while the marker was written leaves only its draft.
        guard leftovers.allSatisfy({ "\(path)/\($0)" == "\(markerPath).new" }) else {
            throw .unmarkedData(directory: path)
        }
        try LocalFiles.makeDirectory(path)
        try Marker(identity: identity, hasHeldData: false).write(to: self)
    }

    /// Notes for good that the member has held data, once it does; from then on its loss is noticed.
    func latchData() throws(NodeError) {
        guard var marker = try marker(), !marker.hasHeldData, holdsData else { return }
        marker.hasHeldData = true
        try marker.write(to: self)
    }

    /// Throws `dataLost` when the member has held data before and holds none now.
    ///
    /// An empty directory at a later start is no bootstrap: with the old token and peer URL etcd would give the member
    /// its old ID, raft would believe its empty log, and acknowledged writes could be lost.
    func refuseLoss(of identity: MemberIdentity, mustHoldData: Bool) throws(NodeError) {
        let hasHeldData = try marker()?.hasHeldData ?? false
        guard (hasHeldData || mustHoldData) && !holdsData else { return }
        throw .dataLost(directory: path, member: identity.description)
    }

    private func marker() throws(NodeError) -> Marker? {
        guard let bytes = try LocalFiles.read(markerPath) else { return nil }
        return Marker(KeyValueText(bytes))
    }
}

/// What the marker file says.
private struct Marker {
    var identity: MemberIdentity
    var hasHeldData: Bool

    init(identity: MemberIdentity, hasHeldData: Bool) {
        self.identity = identity
        self.hasHeldData = hasHeldData
    }

    /// A missing value reads as empty, so that a damaged marker never equals a member's identity.
    init(_ text: KeyValueText) {
        identity = MemberIdentity(
            cluster: text["cluster"] ?? "", clusterUID: text["cluster-uid"] ?? "",
            incarnation: text["incarnation"] ?? "", member: text["member"] ?? "")
        hasHeldData = text["has-held-data"] == "yes"
    }

    func write(to directory: MemberDirectory) throws(NodeError) {
        var text = KeyValueText()
        text["cluster"] = identity.cluster
        text["cluster-uid"] = identity.clusterUID
        text["incarnation"] = identity.incarnation
        text["member"] = identity.member
        text["has-held-data"] = hasHeldData ? "yes" : "no"
        try LocalFiles.replace(
            directory.markerPath, with: text.bytes(comment: "Whose data this is. Written by Lodestone; do not edit."))
    }
}
