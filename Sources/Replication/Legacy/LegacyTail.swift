internal import Etcd

/// Follows the changes of a v2 store, hidden ones included, from an index on.
///
/// A stream gives the visible changes as they come; whatever index it leaves out is looked up in the store's history,
/// where hidden nodes are shown. What neither of them shows are renewed times to live and what etcd keeps in the store
/// for itself. Nothing is given twice and nothing out of order.
struct LegacyTail: Sendable {
    /// What is told.
    enum Item: Sendable {
        /// The next change.
        case change(LegacyEvent)
        /// There is no further change up to this index.
        case quiet(UInt64)
        /// The store has reached this index.
        case head(UInt64)
        /// The store does not answer, and is asked again.
        case away(LegacyError)
    }

    /// What a stream's reader and the look-out have told.
    private enum Arrival: Sendable {
        case events([LegacyEvent])
        case head(UInt64)
    }

    let client: LegacyClient
    let sourceID: UInt64
    let options: LegacyReplication.Options
    let mailbox: LegacyMailbox<Item>

    /// The index of the last change that was told, up to which there is none besides, and when the source answered
    /// last.
    private struct Position {
        var delivered: UInt64
        var quiet: UInt64
        var lastSign = ContinuousClock.now

        var next: UInt64 { max(delivered, quiet) + 1 }
    }

    /// Follows until it is cancelled or cannot go on, which the mailbox then tells.
    func run(after index: UInt64) async {
        var position = Position(delivered: index, quiet: index)
        while !Task.isCancelled {
            do {
                try await follow(&position)
            } catch let error as LegacyError where error.isTransient {
                client.turnAway(from: error.endpoint)
                guard ContinuousClock.now - position.lastSign < options.patience else { return mailbox.fail(error) }
                await mailbox.put([.away(error)], byteCount: 0)
                // A cancelled sleep ends the loop.
                try? await Task.sleep(for: .milliseconds(200))
            } catch {
                return mailbox.fail(error)
            }
        }
    }

    private func follow(_ position: inout Position) async throws {
        let watch = try await client.changes()
        guard watch.clusterID == sourceID else {
            throw ReplicationError(
                .diverged, watch.endpoint, "it belongs to another cluster than the one that was begun with",
                remedy: "give only members of one cluster")
        }
        position.lastSign = .now
        await mailbox.put([.head(watch.index)], byteCount: 0)
        while position.next <= watch.index { try await lookUp(&position) }
        let inbox = LegacyMailbox<Arrival>(limit: 64 << 20)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await read(watch, into: inbox) }
            group.addTask { await lookOut(into: inbox) }
            while !Task.isCancelled {
                await inbox.wait()
                try await take(try inbox.take(), &position, inbox)
            }
        }
    }

    /// Tells what has arrived, with what lies between.
    private func take(
        _ arrivals: [Arrival], _ position: inout Position, _ inbox: LegacyMailbox<Arrival>
    ) async throws {
        var head: UInt64 = 0
        var hasEvents = false
        position.lastSign = .now
        for arrival in arrivals {
            switch arrival {
            case .head(let index): head = max(head, index)
            case .events(let events):
                hasEvents = true
                for event in events where event.index > position.delivered {
                    while event.index > position.next {
                        let between = try await client.knownEvent(from: position.next)
                        guard between.index < event.index else { break }
                        await deliver(between, &position)
                    }
                    await deliver(event, &position)
                }
            }
        }
        guard head > 0 else { return }
        await mailbox.put([.head(head)], byteCount: 0)
        // Somebody changed what the stream does not show; while it has something to show, that comes first.
        while !hasEvents, head >= position.next, inbox.isEmpty, !Task.isCancelled { try await lookUp(&position) }
    }

    /// Takes one change from the history, or finds that there is none.
    private func lookUp(_ position: inout Position) async throws {
        let found = try await client.historyEvent(from: position.next, grace: options.grace)
        if let event = found.event {
            await deliver(event, &position)
        } else if found.index >= position.next {
            position.quiet = found.index
            await mailbox.put([.quiet(found.index)], byteCount: 0)
        } else {
            // A member that is behind the one that was asked before.
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func deliver(_ event: LegacyEvent, _ position: inout Position) async {
        position.delivered = event.index
        await mailbox.put([.change(event)], byteCount: event.byteCount)
    }

    private func read(_ watch: LegacyWatch, into inbox: LegacyMailbox<Arrival>) async {
        do {
            while let events = try await watch.nextBatch() {
                await inbox.put([.events(events)], byteCount: events.reduce(0) { $0 + $1.byteCount })
            }
            inbox.fail(
                LegacyError(.unavailable, "the member has ended the stream of changes", endpoint: watch.endpoint))
        } catch {
            inbox.fail(error)
        }
    }

    /// Asks again and again how far the store is, now and then with a quorum, so that a member that is cut off from the
    /// others is noticed.
    private func lookOut(into inbox: LegacyMailbox<Arrival>) async {
        var round = 0
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: options.interval)
                round += 1
                let answer = try await client.index(isQuorum: round % 10 == 0)
                await inbox.put([.head(answer.index)], byteCount: 0)
            } catch is CancellationError {
                return
            } catch {
                return inbox.fail(error)
            }
        }
    }
}
