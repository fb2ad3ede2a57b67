import Transport

extension EtcdClient {
    /// Makes a lease, with whose end all keys that were written with it are deleted.
    ///
    /// - Parameters:
    ///   - timeToLive: how long it lives without renewal; rounded up to whole seconds. The server may give more.
    ///   - id: its ID, or 0 to let the server choose one.
    ///   - timeout: how long the call may take.
    /// - Returns: the lease and the time to live it really has.
    /// - Throws: `EtcdError`, with `leaseExists` for an ID that is taken.
    public func leaseGrant(
        timeToLive: Duration, id: Int64 = 0, timeout: Duration? = nil
    ) async throws(EtcdError) -> LeaseGrant {
        let (seconds, rest) = timeToLive.components
        return try await call(.leaseGrant, timeout: timeout) { writer in
            writer.int64(1, seconds + (rest > 0 ? 1 : 0))
            writer.int64(2, id)
        }
    }

    /// Ends a lease and deletes its keys.
    ///
    /// - Throws: `EtcdError` with `leaseNotFound` if it has ended already.
    public func leaseRevoke(_ id: Int64, timeout: Duration? = nil) async throws(EtcdError) {
        let _: HeaderResponse = try await call(.leaseRevoke, timeout: timeout) { $0.int64(1, id) }
    }

    /// Renews a lease once.
    ///
    /// - Throws: `EtcdError` with `leaseNotFound` if it has ended.
    @discardableResult
    public func leaseKeepAliveOnce(_ id: Int64) async throws(EtcdError) -> LeaseGrant {
        let (stream, _) = try await open(.leaseKeepAlive, idleTimeout: timeout)
        defer { stream.cancel() }
        stream.send(Self.keepAlive(id))
        stream.finishSending()
        return try await leaseAnswer(of: stream, id: id)
    }

    /// Renews a lease again and again, at a third of its time to live; it ends only by throwing.
    ///
    /// - Throws: `EtcdError` with `leaseNotFound` if the lease has ended, with `cancelled` if the task was cancelled,
    ///   and the last failure if no renewal succeeded for the whole time to live, after which the lease must be taken
    ///   for lost.
    public func leaseKeepAlive(_ id: Int64, timeToLive: Duration) async throws(EtcdError) {
        let clock = ContinuousClock()
        var expiry = clock.now + timeToLive
        while true {
            var pause = timeToLive / 3
            do {
                let grant = try await leaseKeepAliveOnce(id)
                expiry = clock.now + grant.timeToLive
            } catch {
                guard error.isRetryable, clock.now < expiry else { throw error }
                pause = timeToLive / 20
            }
            do {
                try await clock.sleep(until: min(clock.now + pause, expiry))
            } catch {
                throw EtcdError(
                    .cancelled, "renewing lease \(String(id, radix: 16)) was given up", endpoint: endpoint.url)
            }
        }
    }

    /// Renews many leases once over one stream.
    ///
    /// `silence` is how long the member may be silent, the client's time limit when nil: with leases that live shorter
    /// than that another member must be asked before they have ended.
    ///
    /// - Returns: how long each of them lives now; those that have ended are missing.
    package func leaseKeepAliveOnce(
        each ids: [Int64], silence: Duration? = nil
    ) async throws(EtcdError) -> [Int64: Duration] {
        var lives: [Int64: Duration] = [:]
        guard !ids.isEmpty else { return lives }
        let (stream, _) = try await open(.leaseKeepAlive, timeout: silence, idleTimeout: silence ?? timeout)
        defer { stream.cancel() }
        for id in ids { stream.send(Self.keepAlive(id)) }
        stream.finishSending()
        for _ in ids {
            let grant = try await renewal(of: stream)
            if grant.timeToLive > .zero { lives[grant.id] = grant.timeToLive }
        }
        return lives
    }

    private static func keepAlive(_ id: Int64) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.int64(1, id)
        return writer.bytes
    }

    private func leaseAnswer(of stream: GRPCStream, id: Int64) async throws(EtcdError) -> LeaseGrant {
        let grant = try await renewal(of: stream)
        // etcd does not report a lease that has ended as an error here but as one with nothing left to live.
        guard grant.timeToLive > .zero else {
            throw EtcdError(
                .leaseNotFound, "lease \(String(id, radix: 16)) has ended", endpoint: endpoint.url, isIdempotent: true)
        }
        return grant
    }

    private func renewal(of stream: GRPCStream) async throws(EtcdError) -> LeaseGrant {
        let message: GRPCMessage?
        do {
            message = try await stream.next()
        } catch {
            throw EtcdError(error, isIdempotent: true)
        }
        guard let message else {
            throw EtcdError(
                .unavailable, "the stream of renewals ended without an answer", endpoint: endpoint.url,
                isIdempotent: true)
        }
        do {
            return try message.decode(LeaseGrant.init(decoding:))
        } catch {
            throw malformed(error)
        }
    }

    /// Tells how long a lease still lives, and which keys end with it if `includesKeys`.
    ///
    /// A lease that does not exist is no error: see `LeaseStatus.exists`.
    public func leaseTimeToLive(
        _ id: Int64, includesKeys: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdError) -> LeaseStatus {
        try await call(.leaseTimeToLive, timeout: timeout) { writer in
            writer.int64(1, id)
            writer.bool(2, includesKeys)
        }
    }

    /// The IDs of all leases.
    public func leases(timeout: Duration? = nil) async throws(EtcdError) -> [Int64] {
        try await leaseList(timeout: timeout).ids
    }

    /// The IDs of all leases, and who said so at which revision.
    package func leaseList(
        timeout: Duration? = nil
    ) async throws(EtcdError) -> (header: ResponseHeader, ids: [Int64]) {
        let list: LeaseList = try await call(.leaseLeases, timeout: timeout)
        return (list.header, list.ids)
    }
}
