internal import Threads

/// Makes the data directory of one member of a new cluster out of a snapshot, without starting the member.
///
/// The work is done in a directory beside, which gets the name `data` by one rename after it was proven and is on the
/// disk. So a data directory is there whole or not at all, whenever the controller is killed, and what was half made is
/// never started. The member's home must be its own and hold no data; whatever belongs to other homes is not touched.
public struct DataDirectoryRestore: Sendable {
    /// The member as it will be started; its cluster's token and all its peers are taken from here.
    public var spec: MemberSpec
    /// The snapshot, its SHA-256 trailer included.
    public var snapshot: String
    /// The program that does it.
    public var tool: RestoreTool
    /// How long the program may take.
    public var timeout: Duration

    /// Describes a restore.
    public init(spec: MemberSpec, snapshot: String, tool: RestoreTool, timeout: Duration = .seconds(3600)) {
        self.spec = spec
        self.snapshot = snapshot
        self.tool = tool
        self.timeout = timeout
    }

    /// The database file of a member at home in `directory`.
    public static func database(in directory: MemberDirectory) -> String { "\(directory.dataPath)/member/snap/db" }

    /// Makes the directory, or proves the one that an earlier run has finished.
    ///
    /// `prove` is given the path of the database file and throws if it is not what it should be; then nothing is left
    /// of it. Works on a thread of its own. Throws `NodeError` (`restoreFailed`, `inUse`, `locked`, `foreignData`), what
    /// `prove` throws, and `CancellationError`.
    public func run(prove: @Sendable @escaping (String) async throws -> Void) async throws {
        try await BlockingTask.run {
            let directory = spec.directory
            try directory.claim(for: spec.identity)
            let lock = try StartLock(directory)
            defer { withExtendedLifetime(lock) {} }
            if let process = ProcessTable.process(using: directory) {
                throw NodeError.inUse(directory: directory.path, pid: process.pid)
            }
            try removeUnfinished()
            if LocalFiles.isDirectory(directory.dataPath) {
                // Named only when it was finished: by an earlier run of the same restore.
                try await prove(Self.database(in: directory))
            } else {
                try await make(prove)
            }
            try directory.latchData()
        }
    }

    private func make(_ prove: (String) async throws -> Void) async throws {
        let directory = spec.directory
        let draft = "\(directory.path)/\(Self.draftPrefix)\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        do {
            try runTool(into: draft)
            try await prove("\(draft)/member/snap/db")
            try LocalFiles.syncTree(draft)
            try LocalFiles.rename(draft, to: directory.dataPath)
        } catch {
            // What cannot be removed now is removed by the next attempt.
            try? LocalFiles.removeTree(draft)
            throw error
        }
    }

    private static let draftPrefix = "restoring-"

    private func runTool(into draft: String) throws {
        let peers = spec.initialCluster.map { "\($0.name)=\($0.url)" }.joined(separator: ",")
        let arguments = [
            "snapshot", "restore", snapshot, "--name=\(spec.identity.member)", "--initial-cluster=\(peers)",
            "--initial-cluster-token=\(spec.identity.incarnation)", "--initial-advertise-peer-urls=\(spec.peerURL)",
            "--data-dir=\(draft)",
        ]
        let result = try Spawn.run(tool.path, arguments, timeout: timeout)
        try Task.checkCancellation()
        guard result.status == .code(0) else {
            let lines = result.output.split(separator: "\n")
            let words = lines.last { $0.hasPrefix("Error") || $0.hasPrefix("panic") } ?? lines.last ?? ""
            throw NodeError.restoreFailed(
                member: spec.identity.description, tool: tool.path, status: result.status,
                words: String(words.prefix(400)))
        }
    }

    /// Ends tools that outlived a controller that was killed, and removes what they were making; it never was data.
    private func removeUnfinished() throws(NodeError) {
        let prefix = "\(spec.directory.path)/\(Self.draftPrefix)"
        for process in ProcessTable.processes(where: { $0.contains { $0.hasPrefix("--data-dir=\(prefix)") } }) {
            guard let handle = try ProcessHandle(process) else { continue }
            handle.signal(9)
            guard handle.hasEnded(within: .seconds(10)) else {
                throw .inUse(directory: spec.directory.path, pid: process.pid)
            }
        }
        for name in try LocalFiles.names(in: spec.directory.path) ?? [] where name.hasPrefix(Self.draftPrefix) {
            try LocalFiles.removeTree("\(spec.directory.path)/\(name)")
        }
    }
}
