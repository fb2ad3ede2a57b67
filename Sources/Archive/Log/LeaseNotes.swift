import Etcd

/// Finds out which leases came and went, by asking again and again: the watch tells of keys only.
struct LeaseNotes {
    /// How many leases are asked for their time to live at a time; others wait for the next time.
    private static let limit = 500
    /// How many leases that are known are asked again, in turn: an ID can be granted anew between two looks.
    private static let againLimit = 50

    private var known: [Int64: Int64] = [:]
    private var askedLast = Int64.min
    private var isFirst = true

    /// What has changed since the last call, each as of the revision of the answer that told it.
    ///
    /// Nothing, if no member answers: what is missed here is found at the next call.
    mutating func changes(of members: EtcdEndpoints) async -> [LogSegment.LeaseNote] {
        let asked = try? await members.perform { (client) throws(EtcdError) in
            try await client.leaseList(timeout: .seconds(5))
        }
        guard let asked else { return [] }
        let (now, revision) = (Set(asked.ids), asked.header.revision)
        var notes = known.keys.filter { !now.contains($0) }.sorted().map { id in
            LogSegment.LeaseNote(id: id, revision: revision, timeToLive: nil)
        }
        if isFirst { notes.append(.census(at: revision)) }
        isFirst = false
        known = known.filter { now.contains($0.key) }
        for id in now.filter({ known[$0] == nil }).sorted().prefix(Self.limit) + turn() {
            let status = try? await members.perform { (client) throws(EtcdError) in
                try await client.leaseTimeToLive(id, timeout: .seconds(5))
            }
            guard let status, status.exists else { continue }
            let seconds = status.granted.components.seconds
            guard known.updateValue(seconds, forKey: id) != seconds else { continue }
            notes.append(
                LogSegment.LeaseNote(id: id, revision: max(revision, status.header.revision), timeToLive: seconds))
        }
        return notes
    }

    /// The known leases whose turn it is to be asked again.
    private mutating func turn() -> [Int64] {
        let ids = known.keys.sorted()
        let behind = ids.drop { $0 <= askedLast }.prefix(Self.againLimit)
        let turn = Array(behind) + ids.prefix { $0 <= askedLast }.prefix(Self.againLimit - behind.count)
        askedLast = turn.last ?? askedLast
        return turn
    }
}
