public import Etcd
import Model
import Synchronization
import Threads

/// Records every change of a source into a spool: the whole keyspace, every revision, from one revision on.
///
/// A watch that stands is not hurt by compactions of the source, one that is yet to come is; so it is opened *before*
/// a snapshot is taken, and what the snapshot has already is passed over later. Every revision of etcd changes at least
/// one key, so a revision that is missing is an event that etcd lost (which several releases do) and ends the recording
/// with `gap`.
public struct SourceRecorder: Sendable {
    /// How far a recording is.
    public struct Progress: Sendable, Hashable {
        /// Whether the source keeps what happens from here on for us: a snapshot may be taken.
        public var isSynced = false
        /// The revision behind which the spool begins.
        public var base: Int64 = 0
        /// The last revision in the spool.
        public var spooled: Int64 = 0
        /// The newest revision of the source that is known.
        public var sourceRevision: Int64 = 0
        /// Why the source could not be asked for its newest revision the last time; nil if it could.
        public var failure: EtcdError?

        /// Makes an empty progress.
        public init() {}
    }

    /// How a recording is kept.
    public struct Options: Sendable {
        /// How often the source is asked for its newest revision.
        public var interval: Duration = .milliseconds(500)
        /// How often the source is asked whether the watch stands, until it does.
        public var haste: Duration = .milliseconds(10)

        /// The defaults.
        public init() {}
    }

    private let source: EtcdEndpoints
    private let spool: RevisionSpool
    private let options: Options

    /// Makes a recorder of a source into a spool, which goes on where the spool ends.
    public init(_ source: EtcdEndpoints, into spool: RevisionSpool, options: Options = Options()) {
        self.source = source
        self.spool = spool
        self.options = options
    }

    /// Records until the task is cancelled or what was lost makes it impossible.
    ///
    /// - Parameter report: told whenever something has changed, from a thread of the recorder's own.
    /// - Throws: `ReplicationError` with `compacted` if the source has forgotten what comes next, `gap` if it left a
    ///   revision out, `diverged` if it is another cluster or has gone back, `refused`, `spool`; `CancellationError`.
    public func run(report: @escaping @Sendable (Progress) -> Void = { _ in }) async throws {
        try await BlockingTask.run {
            do {
                try await record(report)
            } catch let error as EtcdError {
                guard !Task.isCancelled else { throw CancellationError() }
                throw failure(error)
            }
        }
    }

    private func record(_ report: @escaping @Sendable (Progress) -> Void) async throws {
        let head = try await ClusterHead.read(source)
        if spool.clusterID == 0 { try spool.begin(clusterID: head.clusterID, base: head.revision) }
        try check(head.clusterID)
        guard head.revision >= spool.last else {
            throw ReplicationError(
                .diverged, ClusterHead.name(source),
                "it stands at revision \(head.revision) and stood at \(spool.last) before",
                remedy: "it was restored or replaced: begin again with an empty destination")
        }
        let known = Mutex(Progress())
        let tell: @Sendable ((inout Progress) -> Void) -> Void = { change in
            let changed = known.withLock { progress -> Progress? in
                let before = progress
                change(&progress)
                progress.base = spool.base
                progress.spooled = spool.last
                progress.sourceRevision = max(progress.sourceRevision, progress.spooled)
                return progress == before ? nil : progress
            }
            if let changed { report(changed) }
        }
        tell { $0.sourceRevision = head.revision }
        try await source.withWatchStream { stream in
            let watch = stream.watch(.all, from: spool.last + 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await look(watch, tell) }
                defer { group.cancelAll() }
                try await follow(watch, tell)
            }
        }
    }

    /// Reads the watch into the spool.
    private func follow(_ watch: Watch, _ tell: @Sendable ((inout Progress) -> Void) -> Void) async throws {
        var encoder = SpoolFrame.Encoder()
        while true {
            let batch = try await watch.next()
            if batch.header.clusterID != 0 { try check(batch.header.clusterID) }
            guard batch.eventCount > 0 else { continue }
            let first = spool.last + 1
            var current = first - 1
            let now = Timestamp.now.nanosecondsSinceEpoch
            encoder.removeAll()
            try batch.forEachEvent { (event) throws(ReplicationError) in
                let revision = event.keyValue.modRevision
                if revision != current {
                    guard revision == current + 1 else { throw gap(after: current, found: revision) }
                    if current >= first { encoder.end() }
                    current = revision
                    encoder.begin(revision, seenAt: now)
                }
                encoder.add(event.kind, event.keyValue)
            }
            encoder.end()
            try spool.append(encoder.bytes, first: first, last: current)
            tell { $0.sourceRevision = max($0.sourceRevision, batch.header.revision) }
        }
    }

    /// Asks now and then how far the source is and whether the watch stands.
    private func look(_ watch: Watch, _ tell: @Sendable ((inout Progress) -> Void) -> Void) async throws {
        while true {
            let isEstablished = watch.isEstablished
            do throws(EtcdError) {
                let head = try await ClusterHead.read(source, timeout: .seconds(5))
                tell { progress in
                    progress.sourceRevision = max(progress.sourceRevision, head.revision)
                    progress.isSynced = progress.isSynced || isEstablished
                    progress.failure = nil
                }
            } catch {
                tell { $0.failure = error }
            }
            try await Task.sleep(for: isEstablished ? options.interval : options.haste)
        }
    }

    private func check(_ clusterID: UInt64) throws(ReplicationError) {
        guard clusterID != spool.clusterID else { return }
        throw ReplicationError(
            .diverged, ClusterHead.name(source),
            "it is cluster \(String(clusterID, radix: 16)), and the recording is of \(String(spool.clusterID, radix: 16))",
            remedy: "correct the endpoints, or begin again with an empty directory")
    }

    private func gap(after revision: Int64, found: Int64) -> ReplicationError {
        ReplicationError(
            .gap, ClusterHead.name(source), "its watch went from revision \(revision) to \(found)",
            remedy: "take a new snapshot and begin again; see its release's advisories on lost events")
    }

    private func failure(_ error: EtcdError) -> ReplicationError {
        switch error.code {
        case .compacted:
            ReplicationError(
                .compacted, ClusterHead.name(source),
                "it has compacted revision \(spool.last + 1), which is not recorded yet (\(error.message))",
                remedy: "take a new snapshot and begin again")
        case .otherCluster:
            ReplicationError(
                .diverged, ClusterHead.name(source), error.message, remedy: "correct the endpoints")
        default: ReplicationError(error, ClusterHead.name(source))
        }
    }
}
