public import Etcd
public import Model
import Synchronization

/// Writes the change log of one cluster as it happens: watches every key, and stores a segment every few seconds.
///
/// What has been seen and not stored yet is what would be lost if members and controller were lost together. While the
/// storage does not answer it waits in memory, up to a limit; then the watch is left unread until there is room.
public struct ChangeLogRecorder: Sendable {
    /// How a log is kept.
    public struct Options: Sendable, Hashable {
        /// How long changes wait for others before they are stored.
        public var interval = Duration.seconds(5)
        /// From which size on a segment is stored at once, in bytes.
        public var segmentSize = 8 << 20
        /// The longest pause between attempts to store a segment.
        public var longestPause = Duration.seconds(60)

        /// The defaults.
        public init() {}
    }

    /// How far a log is.
    public struct Progress: Sendable, Equatable {
        /// The last revision that is stored.
        public var revision: Int64
        /// The time up to which everything is stored that happened.
        public var time: Timestamp
        /// Why nothing can be stored at the moment; nil if all is well.
        public var problem: String?

        /// Tells how far a log is.
        public init(revision: Int64, time: Timestamp, problem: String? = nil) {
            self.revision = revision
            self.time = time
            self.problem = problem
        }
    }

    private let log: ChangeLog
    private let members: EtcdEndpoints
    private let clusterID: UInt64
    private let options: Options

    /// Makes a recorder of a cluster with that ID into a log.
    public init(_ log: ChangeLog, of members: EtcdEndpoints, clusterID: UInt64, options: Options = Options()) {
        self.log = log
        self.members = members
        self.clusterID = clusterID
        self.options = options
    }

    /// Records everything behind a revision until the task is cancelled.
    ///
    /// - Throws: `EtcdError` with the code `compacted` if changes behind `revision` are gone, so that only a new backup
    ///   can begin the log again; `ArchiveError` with the code `incomplete` if the watch left a revision out.
    public func run(after revision: Int64, report: @escaping @Sendable (Progress) -> Void) async throws {
        let pending = PendingSegment(of: log.cluster, clusterID: clusterID, after: revision, limit: options.segmentSize)
        try await members.withWatchStream { stream in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let watch = stream.watch(.all, from: revision + 1)
                    while true {
                        let batch = try await watch.next()
                        guard batch.header.clusterID == clusterID else { throw foreign(batch.header.clusterID) }
                        try pending.add(batch, at: .now)
                        try await pending.waitForRoom()
                    }
                }
                group.addTask { try await store(pending, report) }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private func store(_ pending: PendingSegment, _ report: @Sendable (Progress) -> Void) async throws {
        var leases = LeaseNotes()
        while true {
            try await pending.waitUntilDue(options.interval)
            let time = Timestamp.now
            // Asked before the segment is taken: whatever the member had done by then is in it, or was stored before.
            let reached = await revisionOfMember()
            if reached != nil { pending.add(await leases.changes(of: members)) }
            guard let segment = pending.take(at: time) else {
                if pending.through == reached { report(Progress(revision: pending.through, time: time)) }
                continue
            }
            try await store(segment, report)
            let isComplete = reached.map { segment.name.through >= $0 } ?? false
            report(Progress(revision: segment.name.through, time: isComplete ? time : segment.last))
        }
    }

    private func store(_ segment: PendingSegment.Ready, _ report: @Sendable (Progress) -> Void) async throws {
        var pause = Duration.milliseconds(500)
        while true {
            do {
                return try await log.store(segment.name, segment.bytes)
            } catch let error as ArchiveError {
                // Nobody is helped by a log that gives up: the storage may come back, and the changes are here.
                report(Progress(revision: segment.name.after, time: segment.first, problem: "\(error)"))
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, options.longestPause)
        }
    }

    private func foreign(_ id: UInt64) -> ArchiveError {
        ArchiveError(
            .contradiction, "the change log of \(log.cluster)",
            "cluster \(String(id, radix: 16)) answers where \(String(clusterID, radix: 16)) did")
    }

    /// The newest revision of the first member that tells; nil if none does.
    private func revisionOfMember() async -> Int64? {
        for client in members.clients {
            if let status = try? await client.status(timeout: .seconds(3)) { return status.header.revision }
        }
        return nil
    }
}
