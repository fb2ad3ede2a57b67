public import Etcd
public import Model

/// A moment in the history of a cluster that can be brought back: by its revision, or by the time at which it was the
/// present.
public enum PointInTime: Sendable, Hashable, CustomStringConvertible {
    /// The state at a revision.
    case revision(Int64)
    /// The state at a time, by the controller's clock.
    case time(Timestamp)
    /// The last state there is.
    case latest

    /// The point as messages name it.
    public var description: String {
        switch self {
        case .revision(let revision): "revision \(revision)"
        case .time(let time): "\(time)"
        case .latest: "the latest revision"
        }
    }
}

extension ChangeLog {
    /// Rebuilds the database of a point in time from a snapshot and the log behind it.
    ///
    /// - Parameters:
    ///   - point: which state is wanted. A time before the snapshot's end is not told apart within the snapshot: give a
    ///     backup that is older.
    ///   - snapshot: the plain database file of a backup of this life of the cluster.
    ///   - path: where the new file goes; it must not exist.
    ///   - bump: how many revisions later the new database counts on, with everything before compacted.
    ///   - known: how far whoever keeps the log knows that nothing happened behind its end; of no use if the log does
    ///     not lead there.
    ///   - progress: told how much of the log is replayed, from 0 to 1.
    /// - Returns: the revision of the new database.
    /// - Throws: `ArchiveError` with the code `incomplete` if the log does not lead there, also if it goes on behind a
    ///   gap: what is before the gap is not the latest state; `DatabaseError`. Nothing is left at `path` then.
    public func rebuild(
        _ point: PointInTime, from snapshot: DatabaseFile, to path: String, bumpedBy bump: Int64 = 0,
        knownThrough known: ChangeLogRecorder.Progress? = nil, progress: @Sendable (Double) -> Void = { _ in }
    ) async throws -> Int64 {
        let base = try snapshot.summary().revision
        let objects = try await objects()
        let names = objects.keys.sorted()
        let end = try await revision(at: point, base, objects, knownThrough: known)
        guard end >= base else {
            throw ArchiveError(
                .incomplete, "the change log of \(cluster)",
                "it leads forward only, and the backup is at revision \(base), behind \(end)",
                remedy: "take an older backup to begin with")
        }
        guard let chain = LogSegmentName.chain(names, from: base, through: end) else {
            throw ArchiveError(
                .incomplete, "the change log of \(cluster)",
                "it leads from the backup at revision \(base) to \(LogSegmentName.reach(names, from: base)), not to \(end)"
            )
        }
        var replay = try DatabaseReplay(of: snapshot, at: end, to: path, bumpedBy: bump)
        var leases = ReplayedLeases()
        for (index, name) in chain.enumerated() {
            guard let key = objects[name] else { continue }
            let segment = try await read(name, at: key)
            defer { progress(Double(index + 1) / Double(chain.count)) }
            for entry in segment.entries { try replay.add(entry.change) }
            for note in segment.leases { leases.take(note, at: end) }
        }
        // A lease granted just before the end of the last segment is noted in the next one.
        if let last = chain.last, let next = names.first(where: { $0.after == last.through }), let key = objects[next],
            let segment = try? await read(next, at: key)
        {
            for note in segment.leases { leases.take(note, at: end) }
        }
        _ = try replay.finish(leases: leases)
        return end
    }

    private func revision(
        at point: PointInTime, _ base: Int64, _ objects: [LogSegmentName: ObjectKey],
        knownThrough known: ChangeLogRecorder.Progress?
    ) async throws -> Int64 {
        let names = objects.keys.sorted()
        switch point {
        case .revision(let revision): return revision
        case .latest:
            let end = LogSegmentName.reach(names, from: base)
            if let behind = names.first(where: { $0.after > end }) { throw gap(behind: end, before: behind) }
            return end
        case .time(let time):
            var reached = base
            let end = LogSegmentName.reach(names, from: base)
            // Behind a gap another stretch of the log may go on, of which `known` speaks then.
            var covered = known.flatMap { $0.revision == end ? $0.time : nil }
            for name in LogSegmentName.chain(names, from: base, through: end) ?? [] {
                guard let key = objects[name] else { continue }
                let segment = try await read(name, at: key)
                let seen = segment.entries.last { $0.time <= time }?.change.revision
                reached = max(reached, seen ?? reached)
                covered = max(covered ?? segment.time, segment.time)
                if let last = segment.entries.last, last.time > time { return reached }
            }
            // Where the log ends nobody knows what came then: less than what was asked for is not a success.
            guard let covered, covered >= time else {
                let end = covered.map { " at \($0)" } ?? ""
                throw ArchiveError(
                    .incomplete, "the change log of \(cluster)",
                    "it ends with revision \(reached)\(end), and what happened between then and \(time) is not on record",
                    remedy: "ask for an earlier time, or for the latest state")
            }
            return reached
        }
    }

    private func gap(behind end: Int64, before segment: LogSegmentName) -> ArchiveError {
        ArchiveError(
            .incomplete, "the change log of \(cluster)",
            "behind revision \(end) it has a gap and goes on with revision \(segment.after + 1)",
            remedy: "take a newer backup to begin with, or ask for revision \(end)")
    }
}

extension ReplayedLeases {
    /// Takes in a note of the log for the state at a revision; notes come in the order in which they were made.
    mutating func take(_ note: LogSegment.LeaseNote, at revision: Int64) {
        guard note.revision <= revision else {
            // Learned a moment later, it tells of a lease not noted yet; a later lease may have had the same ID.
            if let seconds = note.timeToLive, timesToLive[note.id] == nil { timesToLive[note.id] = seconds }
            return
        }
        if note.isCensus {
            granted = []
            ended = []
            isComplete = true
            return
        }
        timesToLive[note.id] = note.timeToLive
        if note.timeToLive == nil {
            granted.remove(note.id)
            ended.insert(note.id)
        } else {
            // An ID can be granted again after its lease has ended.
            granted.insert(note.id)
            ended.remove(note.id)
        }
    }
}
