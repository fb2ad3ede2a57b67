import Etcd

extension ExactReplay {
    /// The revision of the destination once it stands still: two equal answers some time apart.
    ///
    /// Requests of a process that was killed, or of a connection that broke, may still be on their way through raft. So
    /// each answer is that of a proposal which changes nothing: it is applied behind all that the leader had before it,
    /// which a linearizable read does not wait for.
    func settled(for pause: Duration) async throws -> Int64 {
        var last = try await fence()
        while true {
            try await Task.sleep(for: pause)
            let present = try await fence()
            if present == last { return present }
            last = present
        }
    }

    /// Proposes a transaction whose condition never holds, and returns the revision behind it.
    private func fence() async throws -> Int64 {
        let nothing = Transaction(
            if: [Compare(.key([0]), .less, .version(0))], then: [.put(PutRequest([0], []))])
        let answer = try await destination.perform { (client) throws(EtcdError) in
            try await client.commit(nothing, isIdempotent: true, timeout: options.silence)
        }
        return try checked(answer.header)
    }

    /// The newest revision of the destination, linearizable.
    func look() async throws -> Int64 {
        try checked(try await ClusterHead.read(destination, timeout: options.silence))
    }

    private func checked(_ head: ResponseHeader) throws(ReplicationError) -> Int64 {
        if clusterID == 0 { clusterID = head.clusterID }
        guard head.clusterID == clusterID else {
            throw diverged("another cluster answers there, \(String(head.clusterID, radix: 16))")
        }
        return head.revision
    }

    /// Checks that the destination is one whose history the spool goes on with.
    func verifyStart(_ position: Int64) async throws {
        guard position >= spool.base else {
            throw diverged("it stands at revision \(position), and the spool begins behind \(spool.base)")
        }
        let clock = ContinuousClock()
        let deadline = clock.now + options.patience
        while position > spool.last {
            let source = board.now.recorder.sourceRevision
            // The source was asked after the destination, so it cannot be behind it.
            if source < position, clock.now > deadline {
                throw diverged("it stands at revision \(position), and the source at \(source)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        try await verifyEvent(at: position)
    }

    /// Checks that the destination's last revisions are the source's: what they put is there, what they deleted is not.
    ///
    /// One revision alone would not do: after a stranger's write everything of ours stands one revision further on, and
    /// a deletion leaves nothing that tells it.
    func verifyEvent(at revision: Int64) async throws {
        guard revision > spool.base, revision <= spool.last else { return }
        let reader = try spool.reader(after: max(revision - 32, spool.base))
        var net: [[UInt8]: WatchEvent] = [:]
        while let changes = try reader.read(), changes.revision <= revision {
            for event in changes.events.suffix(16) { net[event.keyValue.key] = event }
            // What one revision has done to more keys than are looked at may have been undone unseen.
            for event in changes.events.dropLast(16) { net[event.keyValue.key] = nil }
        }
        let puts = net.values.filter { $0.kind == .put }.sorted { $0.keyValue.modRevision > $1.keyValue.modRevision }
        let deletions = net.values.filter { $0.kind == .delete }
        for event in puts.prefix(24) + deletions.prefix(8) {
            let pair = event.keyValue
            let found = try await get(pair.key, at: revision)
            guard found == (event.kind == .put ? pair : nil) else {
                throw diverged("its revision \(revision) is not the source's: key \(pair.keyText) differs")
            }
        }
    }

    /// A key as it was at the revision that is checked: what a connection that broke has still on its way may have
    /// changed it since.
    private func get(_ key: [UInt8], at revision: Int64) async throws(EtcdError) -> KeyValue? {
        try await destination.perform { (client) throws(EtcdError) in
            do throws(EtcdError) {
                return try await client.get(key, revision: revision)
            } catch {
                guard error.code == .compacted else { throw error }
                return try await client.get(key)
            }
        }
    }

    /// Checks that the destination is no further than we can have brought it.
    func checkReach(_ present: Int64, from reached: Int64) throws(ReplicationError) {
        guard present >= reached, present <= max(lastSent, reached) else {
            throw diverged("it stands at revision \(present), and we have brought it to \(reached)")
        }
    }

    /// Applies the next revision by an ordinary call, whose error says what is wrong.
    func step(after position: Int64) async throws -> Int64 {
        guard position < spool.last, let changes = try spool.reader(after: position).read() else {
            try await Task.sleep(for: options.quiescence)
            return position
        }
        try await leases.grant(leases.missing(for: changes))
        let transaction = try await transaction(of: changes, if: [])
        lastSent = max(lastSent, changes.revision)
        let answer: TransactionResponse
        do throws(EtcdError) {
            answer = try await destination.preferred.commit(transaction, timeout: options.silence)
        } catch {
            if error.code == .leaseNotFound {
                leases.forget(changes)
                return position
            }
            guard error.isPassing else { throw error }
            board.change { $0.failure = error.description }
            let present = try await settled(for: options.quiescence * 3)
            try checkReach(present, from: position)
            try await verifyEvent(at: present)
            return present
        }
        guard answer.header.revision == changes.revision else {
            throw diverged("revision \(changes.revision) of the source became \(answer.header.revision) there")
        }
        return changes.revision
    }

    /// The error that ends everything: a revision cannot be taken back.
    func diverged(_ what: String) -> ReplicationError {
        ReplicationError(
            .diverged, name, "\(what): somebody else wrote to it, or it is not the one that was begun with",
            remedy: "seed it again from the snapshot and the spool, and let nobody else reach it")
    }
}
