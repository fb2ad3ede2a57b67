/// A member's home or process as it is found below a data root, whoever it belongs to.
public struct MemberHome: Sendable, Equatable {
    /// The home.
    public var directory: MemberDirectory
    /// Whose it is by its marker; nil when there is none or it cannot be read.
    public var owner: MemberIdentity?
    /// The process that runs on its data; nil when none does.
    public var pid: Int32?
    /// The client URL that the process was started with; empty when none runs.
    public var clientURL: String
    /// Whether a write-ahead log and a database are in place.
    public var holdsData: Bool

    /// Describes a home.
    package init(directory: MemberDirectory, owner: MemberIdentity?, pid: Int32?, clientURL: String, holdsData: Bool) {
        self.directory = directory
        self.owner = owner
        self.pid = pid
        self.clientURL = clientURL
        self.holdsData = holdsData
    }

    /// The namespace, cluster, incarnation and name that its place below the root says.
    public var place: [String] { Array(directory.path.split(separator: "/").suffix(4).map(String.init)) }

    /// What there is of it now, its process found under any name of its data directory; nil when all of it is gone.
    func lookedAtAgain() -> MemberHome? {
        var home = self
        home.pid = ProcessTable.process(using: directory)?.pid
        guard home.pid != nil || LocalFiles.isDirectory(directory.path) else { return nil }
        home.holdsData = directory.holdsData
        return home
    }

    /// All homes below a data root, and the processes that run on data below it though their home is gone; by path.
    ///
    /// The quarantine is no part of it. Reads directories and `/proc` once; throws where the root cannot be read.
    public static func all(below root: MemberDirectory) throws(NodeError) -> [MemberHome] {
        var paths: Set<String> = []
        for namespace in try directories(in: root.path) where namespace != "\(root.path)/quarantine" {
            for cluster in try directories(in: namespace) {
                for incarnation in try directories(in: cluster) {
                    paths.formUnion(try directories(in: incarnation))
                }
            }
        }
        let processes = ProcessTable.processes(below: root)
        paths.formUnion(processes.keys)
        var homes: [MemberHome] = []
        for path in paths.sorted() {
            let directory = try MemberDirectory(path)
            let process = processes[path]
            homes.append(
                MemberHome(
                    directory: directory, owner: (try? directory.owner()) ?? nil,  // Unreadable is unknown.
                    pid: process?.pid, clientURL: process?.clientURL ?? "", holdsData: directory.holdsData))
        }
        return homes
    }

    private static func directories(in path: String) throws(NodeError) -> [String] {
        (try LocalFiles.names(in: path) ?? []).map { "\(path)/\($0)" }.filter { LocalFiles.isDirectory($0) }
    }
}

extension MemberSupervisor {
    /// All members' homes below a data root; see `MemberHome.all(below:)`.
    public func homes(below root: MemberDirectory) throws(NodeError) -> [MemberHome] { try MemberHome.all(below: root) }

    /// Those of the homes that are still there, with their processes as they are now.
    public func lookAgain(at homes: [MemberHome]) -> [MemberHome] { homes.compactMap { $0.lookedAtAgain() } }

    /// Makes an empty directory for the owner alone; whatever was there is removed.
    public func makeEmptyDirectory(_ path: String) throws(NodeError) {
        try LocalFiles.removeTree(path)
        try LocalFiles.makeDirectory(path)
    }

    /// Makes a directory for the owner alone, and those above it; one that is there stays as it is.
    public func makeDirectory(_ path: String) throws(NodeError) { try LocalFiles.makeDirectory(path) }

    /// Removes a directory and everything in it; none is fine.
    public func removeDirectory(_ path: String) throws(NodeError) { try LocalFiles.removeTree(path) }
}
