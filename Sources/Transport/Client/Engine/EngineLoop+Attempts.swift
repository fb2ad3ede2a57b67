import Synchronization

/// The life of a transfer: admitted, attempted once or more often, ended.
///
/// An attempt is either a *rider*, which may only use a connection that stands, or an *opener*, which always makes one.
/// That distinction is what keeps a request from being sent twice; `Curl.swift` says why.
extension EngineLoop {
    /// Starts a transfer, or lines it up for a connection.
    func admit(_ transfer: Transfer) {
        if let failure = transfer.failureBeforeStart {
            transfer.finish(TransferOutcome(failure: failure, wasStarted: false))
            return
        }
        deadlines.set(transfer, to: transfer.request.deadline)
        if transfer.pool.admit(transfer) {
            attempt(transfer, asRider: transfer.request.kind == .call && transfer.pool.hasIdleConnection)
        }
    }

    /// Ends a transfer from our side.
    ///
    /// Its connection is closed with it: after an answer that was cut off nobody knows what will still come over it.
    func abandon(_ transfer: Transfer, _ failure: TransferFailure) {
        switch transfer.phase {
        case .created:
            // A task that is cancelled already says so before its call is there.
            transfer.failureBeforeStart = failure
        case .waiting:
            deadlines.remove(transfer)
            transfer.finish(TransferOutcome(failure: failure, wasStarted: transfer.wasStarted))
        case .running(let easy):
            var outcome = easy.outcome(code: 0)
            outcome.failure = failure
            easy.closeConnectionAfterwards()
            detach(transfer, easy)
            end(transfer, outcome)
        case .finished:
            break
        }
    }

    /// Lets a transfer go on whose observer was full, or had nothing to send.
    func resume(_ transfer: Transfer, sending: Bool) {
        guard case .running(let easy) = transfer.phase else {
            return
        }
        if !sending {
            transfer.isHeldUp = false
            transfer.lastSign = .now
        }
        easy.resume(sending: sending)
    }

    /// libcurl is done with an attempt.
    func attemptEnded(_ transfer: Transfer, _ easy: CurlEasy, code: Int) {
        var outcome = easy.outcome(code: code)
        outcome.failure = outcome.failure.map { explained($0, transfer) }
        detach(transfer, easy)
        if mayRepeat(transfer, after: outcome) {
            transfer.observer?.restarted()
            attempt(transfer, asRider: false)
        } else {
            end(transfer, outcome)
        }
    }

    /// The moment has come that the transfer asked for.
    func deadlinePassed(of transfer: Transfer, now: ContinuousClock.Instant) {
        switch transfer.phase {
        case .waiting:
            abandon(transfer, .deadlineWhileWaiting)
        case .running:
            // The server knows the deadline too; its own words about it are on their way.
            if let grace = transfer.request.serverGrace, transfer.attemptWasStarted,
                now < transfer.request.deadline.advanced(by: grace)
            {
                deadlines.set(transfer, to: transfer.request.deadline.advanced(by: grace))
                return
            }
            guard let allowed = transfer.request.idleTimeout, transfer.hasBegun else {
                abandon(transfer, transfer.wasStarted ? .deadlineWhileRunning : .deadlineWhileConnecting)
                return
            }
            let due = (transfer.isHeldUp ? now : transfer.lastSign).advanced(by: allowed)
            if due > now {
                deadlines.set(transfer, to: due)
            } else {
                abandon(transfer, .silence(allowed))
            }
        case .created, .finished:
            break
        }
    }

    /// From here on a stream, and a call with a limit to its silence, has no deadline but that limit.
    func hasBegun(_ transfer: Transfer) {
        guard transfer.request.kind == .stream || transfer.request.idleTimeout != nil else {
            return
        }
        transfer.lastSign = .now
        guard !transfer.hasBegun else {
            return
        }
        transfer.hasBegun = true
        if let allowed = transfer.request.idleTimeout {
            deadlines.set(transfer, to: transfer.lastSign.advanced(by: allowed))
        } else {
            deadlines.remove(transfer)
        }
    }

    private func attempt(_ transfer: Transfer, asRider isRider: Bool) {
        transfer.isRider = isRider
        transfer.attemptWasStarted = false
        transfer.hasAnswer = false
        transfer.wasRefusedSocket = false
        transfer.lacksDescriptors = false
        transfer.socket = nil
        transfer.madeSockets = []
        guard let multi = multi(of: transfer.pool), let easy = takeHandle() else {
            let failure = TransferFailure.library(code: 27, detail: "")
            end(transfer, TransferOutcome(failure: failure, wasStarted: transfer.wasStarted))
            return
        }
        let request = transfer.request
        let left = ContinuousClock.now.duration(to: request.deadline)
        var headers = request.headers
        if request.serverGrace != nil {
            // The specification allows at most eight digits ("Timeout").
            headers.append("grpc-timeout: \(min(max(left.wholeMilliseconds, 1), 99_999_999))m")
        }
        // Our own deadline comes first. libcurl divides this time among the addresses of a name.
        let connectMilliseconds = Int(min(left.wholeMilliseconds + 1000, Int64(Int32.max)))
        easy.prepare(
            transfer, url: transfer.pool.requestURL + request.path, headers: headers,
            connectMilliseconds: connectMilliseconds, in: multi)
        transfer.phase = .running(easy)
        if isRider {
            transfer.holdsConnection = true
            transfer.pool.occupied()
        }
        running[ObjectIdentifier(transfer)] = transfer
        counters.attempts.add(1, ordering: .relaxed)
        multi.add(easy)
    }

    /// Takes an attempt away from libcurl.
    private func detach(_ transfer: Transfer, _ easy: CurlEasy) {
        multi(of: transfer.pool)?.remove(easy)
        running.removeValue(forKey: ObjectIdentifier(transfer))
        if transfer.holdsConnection {
            transfer.holdsConnection = false
            transfer.pool.vacated()
        }
        giveBack(easy, after: transfer)
    }

    private func end(_ transfer: Transfer, _ outcome: TransferOutcome) {
        deadlines.remove(transfer)
        var outcome = outcome
        outcome.wasStarted = transfer.wasStarted
        transfer.finish(outcome)
        if let next = transfer.pool.release(transfer) {
            attempt(next, asRider: next.pool.hasIdleConnection)
        }
    }

    /// What an error of libcurl means, given what is known of the attempt.
    private func explained(_ failure: TransferFailure, _ transfer: Transfer) -> TransferFailure {
        if transfer.lacksDescriptors {
            return .noDescriptors
        }
        if case .library(let code, let detail) = failure, code != 7, !transfer.isRider,
            !transfer.hasAnswer, failure.isOfConnection
        {
            return .newConnectionEnded(
                isTLS: transfer.pool.endpoint.scheme == .https,
                detail: detail.isEmpty ? "libcurl error \(code)" : detail)
        }
        return failure
    }

    private func mayRepeat(_ transfer: Transfer, after outcome: TransferOutcome) -> Bool {
        guard let failure = outcome.failure, transfer.request.kind == .call else {
            return false
        }
        if transfer.wasRefusedSocket && !transfer.attemptWasStarted {
            // A rider that found no connection: nothing was sent in this attempt.
            counters.ridersWithoutConnection.add(1, ordering: .relaxed)
            return true
        }
        // 92: a server that answers the headers alone confuses libcurl 7.88, which sends the body separately.
        guard transfer.request.isIdempotent, !transfer.wasRepeated, failure.isOfConnection,
            transfer.isRider || failure.isStreamError
        else {
            return false
        }
        transfer.wasRepeated = true
        counters.repeats.add(1, ordering: .relaxed)
        return true
    }
}
