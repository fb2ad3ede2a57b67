import Glibc
public import Model

/// Where members' homes go instead of being deleted, each with a note why, by whom and when.
///
/// It must lie on the same file system as the homes: a home is moved by one rename, whole or not at all.
public struct Quarantine: Sendable {
    /// A home in quarantine.
    public struct Entry: Sendable, Equatable {
        /// Where it lies now.
        public var path: String
        /// Whose it was; nil for a home without a readable marker.
        public var owner: MemberIdentity?
        /// Where it was.
        public var origin: String
        /// Why it was moved.
        public var reason: String
        /// Who moved it.
        public var actor: String
        /// When it was moved.
        public var at: Timestamp
    }

    /// The directory that holds the entries.
    public let path: String

    /// The quarantine of a data root, its directory `quarantine`.
    public init(root: MemberDirectory) {
        path = "\(root.path)/quarantine"
    }

    /// Moves a home into quarantine and returns where it is; nil when there is nothing to move.
    ///
    /// The note is written before the move, so that nothing ever lies in quarantine unexplained. Throws `inUse` while
    /// a process runs on it, `locked` while one is being started, `otherFileSystem` when a rename cannot do it.
    public func take(
        _ directory: MemberDirectory, reason: String, actor: String, at now: Timestamp = .now
    ) throws(NodeError) -> Entry? {
        try withIdleHome(directory) { () throws(NodeError) in
            let owner = try directory.owner()
            var entry = Entry(
                path: "", owner: owner, origin: directory.path, reason: reason, actor: actor,
                at: now.wholeSeconds)  // As the note keeps it.
            try Self.writeNote(entry, in: directory.path)
            entry.path = try freePath(for: entry)
            try move(directory, to: entry.path)
            return entry
        }
    }

    /// Deletes a home for good, for the deletion policy that says so.
    ///
    /// It is renamed first, so that a crash on the way leaves nothing that looks like a member's data; `purge` removes
    /// such leftovers. Throws as `take` does.
    public func destroy(_ directory: MemberDirectory) throws(NodeError) {
        _ = try withIdleHome(directory) { () throws(NodeError) in
            try discard(directory.path, of: directory)
        }
    }

    /// What is in quarantine, oldest first.
    ///
    /// Homes whose note is missing are not listed.
    public func entries() throws(NodeError) -> [Entry] {
        var entries: [Entry] = []
        for name in try LocalFiles.names(in: path) ?? [] where !name.hasPrefix(".") {
            if let entry = try Self.readNote("\(path)/\(name)") { entries.append(entry) }
        }
        return entries.sorted { $0.at < $1.at }
    }

    /// Removes for good what was moved here longer ago than `age`, and the leftovers of deletions; returns what went.
    public func purge(olderThan age: Duration, now: Timestamp = .now) throws(NodeError) -> [Entry] {
        let expired = try entries().filter { now - $0.at > age }
        for entry in expired { try discard(entry.path, of: nil) }
        for name in try LocalFiles.names(in: path) ?? [] where name.hasPrefix(Self.discardPrefix) {
            try LocalFiles.removeTree("\(path)/\(name)")
        }
        return expired
    }

    private static let discardPrefix = ".deleting-"
    private static let noteName = "lodestone-quarantine"

    private func withIdleHome<Result>(
        _ directory: MemberDirectory, _ body: () throws(NodeError) -> Result
    ) throws(NodeError) -> Result? {
        guard LocalFiles.isDirectory(directory.path) else { return nil }
        let lock = try StartLock(directory)
        defer { withExtendedLifetime(lock) {} }
        if let process = ProcessTable.process(using: directory) {
            throw .inUse(directory: directory.path, pid: process.pid)
        }
        return try body()
    }

    private func move(_ directory: MemberDirectory, to target: String) throws(NodeError) {
        try LocalFiles.makeDirectory(path)
        do throws(NodeError) {
            try LocalFiles.rename(directory.path, to: target)
        } catch .system(_, _, EXDEV) {
            throw .otherFileSystem(directory: directory.path, quarantine: path)
        }
    }

    private func discard(_ old: String, of directory: MemberDirectory?) throws(NodeError) {
        let doomed = "\(path)/\(Self.discardPrefix)\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        if let directory {
            try move(directory, to: doomed)
        } else {
            try LocalFiles.rename(old, to: doomed)
        }
        try LocalFiles.removeTree(doomed)
    }

    private func freePath(for entry: Entry) throws(NodeError) -> String {
        let owner = entry.owner.map { "\($0.cluster)-\($0.member)" } ?? "unknown"
        let plain = String(owner.map { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : "." })
        // As `20260131T120000Z`, whose order as text is its order in time.
        let time = entry.at.description.filter { $0 != "-" && $0 != ":" }
        let base = "\(path)/\(time)-\(plain)"
        let taken = Set(try LocalFiles.names(in: path) ?? [])
        for number in 1... {
            let candidate = number == 1 ? base : "\(base)-\(number)"
            guard let name = candidate.split(separator: "/").last, taken.contains(String(name)) else {
                return candidate
            }
        }
        return base
    }
}

extension Quarantine {
    private static func writeNote(_ entry: Entry, in home: String) throws(NodeError) {
        var text = KeyValueText()
        text["origin"] = entry.origin
        text["reason"] = entry.reason
        text["by"] = entry.actor
        text["at"] = "\(entry.at.secondsSinceEpoch)"
        text["at-text"] = entry.at.description
        text["member"] = entry.owner?.member
        text["cluster"] = entry.owner?.cluster
        text["cluster-uid"] = entry.owner?.clusterUID
        text["incarnation"] = entry.owner?.incarnation
        let comment = "Why this was moved here. Written by Lodestone."
        try LocalFiles.replace("\(home)/\(noteName)", with: text.bytes(comment: comment))
    }

    private static func readNote(_ home: String) throws(NodeError) -> Entry? {
        guard let bytes = try LocalFiles.read("\(home)/\(noteName)") else { return nil }
        let text = KeyValueText(bytes)
        guard let seconds = text["at"].flatMap({ Int64($0) }), let origin = text["origin"],
            seconds.magnitude < 9_000_000_000  // What a time can hold, until 2255; a damaged note may say anything.
        else { return nil }
        var owner: MemberIdentity?
        if let member = text["member"], let cluster = text["cluster"], let uid = text["cluster-uid"],
            let incarnation = text["incarnation"]
        {
            owner = MemberIdentity(cluster: cluster, clusterUID: uid, incarnation: incarnation, member: member)
        }
        return Entry(
            path: home, owner: owner, origin: origin, reason: text["reason"] ?? "", actor: text["by"] ?? "",
            at: Timestamp(secondsSinceEpoch: seconds))
    }
}
