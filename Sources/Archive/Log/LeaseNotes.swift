import Etcd

/// Finds out which leases came and went, by asking again and again: the watch tells of keys only.
struct LeaseNotes {
    /// How many leases are asked for their time to live at a time; others wait for the next time.
    private static let limit = 500

    private var known: Set<Int64> = []
    private var isFirst = true

    /// What has changed since the last call, as of a revision that the cluster had reached before it.
    ///
    /// Nothing, if no member answers: what is missed here is found at the next call.
    mutating func changes(of members: EtcdEndpoints, at revision: Int64) async -> [LogSegment.LeaseNote] {
        let asked = try? await members.perform { (client) throws(EtcdError) in
            try await client.leases(timeout: .seconds(5))
        }
        guard let asked else { return [] }
        let now = Set(asked)
        var notes = known.subtracting(now).sorted().map { id in
            LogSegment.LeaseNote(id: id, revision: revision, timeToLive: nil)
        }
        if isFirst { notes.append(.census(at: revision)) }
        isFirst = false
        known.formIntersection(now)
        for id in now.subtracting(known).sorted().prefix(Self.limit) {
            let status = try? await members.perform { (client) throws(EtcdError) in
                try await client.leaseTimeToLive(id, timeout: .seconds(5))
            }
            guard let status, status.exists else { continue }
            known.insert(id)
            notes.append(
                LogSegment.LeaseNote(id: id, revision: revision, timeToLive: status.granted.components.seconds))
        }
        return notes
    }
}
