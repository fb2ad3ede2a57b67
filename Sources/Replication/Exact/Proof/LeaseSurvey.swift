import Etcd

/// Asks a cluster for many leases, some at a time.
enum LeaseSurvey {
    /// What the cluster says of each lease; those it does not have are missing.
    static func read(
        _ ids: [Int64], in cluster: EtcdEndpoints, includesKeys: Bool, concurrency: Int = 8
    ) async throws(EtcdError) -> [Int64: LeaseStatus] {
        let answers = await withTaskGroup(of: Result<LeaseStatus, EtcdError>.self) { group in
            var rest = ids[...]
            var answers: [Result<LeaseStatus, EtcdError>] = []
            for _ in 0..<concurrency {
                if let id = rest.popFirst() { group.addTask { await ask(id, cluster, includesKeys) } }
            }
            while let answer = await group.next() {
                answers.append(answer)
                if case .failure = answer { break }
                if let id = rest.popFirst() { group.addTask { await ask(id, cluster, includesKeys) } }
            }
            group.cancelAll()
            return answers
        }
        var found: [Int64: LeaseStatus] = [:]
        for answer in answers {
            let status = try answer.get()
            // A lease that has run out while nothing may be written is still there, with a negative rest to live.
            if status.granted > .zero { found[status.id] = status }
        }
        return found
    }

    private static func ask(
        _ id: Int64, _ cluster: EtcdEndpoints, _ includesKeys: Bool
    ) async -> Result<LeaseStatus, EtcdError> {
        do throws(EtcdError) {
            return .success(
                try await cluster.perform { (client) throws(EtcdError) in
                    try await client.leaseTimeToLive(id, includesKeys: includesKeys)
                })
        } catch {
            return .failure(error)
        }
    }
}
