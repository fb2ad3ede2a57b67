internal import Model
public import Store
public import Telemetry

/// The loop of one kind: it hears of changes, works records off one pass at a time, and stores what passes report.
///
/// Changes, wake-ups, timers and failures all end in one queue, which knows each record once; what a pass finds is up
/// to the pass. So nothing depends on hearing of every single change, only on hearing after the last one.
public final class ControllerLoop<Work: Reconciler, Time: Clock>: Component where Time.Duration == Duration {
    /// The records worked on.
    public typealias Object = Work.Object

    private let reconciler: Work
    private let store: RecordStore
    private let options: LoopOptions
    private let filter: ChangeFilter
    private let related: [RelatedRecords]
    private let clock: Time
    private let logger: Logger
    private let queue: WorkQueue<RecordID, Time>
    private let metrics: LoopMetrics

    /// The loop of a reconciler.
    ///
    /// - Parameters:
    ///   - reconciler: what works on records.
    ///   - store: where the records are.
    ///   - wakeups: the bell this loop listens to.
    ///   - options: how many at a time, how long, how often.
    ///   - filter: which changes of a record are worth a pass; that it comes or goes always is.
    ///   - related: records of other kinds that wake records of this one.
    ///   - clock: the clock of timers and waits.
    ///   - logger: where passes are logged.
    ///   - metrics: where passes are counted.
    public init(
        _ reconciler: Work, store: RecordStore, wakeups: Wakeups, options: LoopOptions = LoopOptions(),
        filter: ChangeFilter = .exceptStatus, related: [RelatedRecords] = [], clock: Time, logger: Logger,
        metrics: MetricsRegistry
    ) {
        self.reconciler = reconciler
        self.store = store
        self.options = options
        self.filter = filter
        self.related = related
        self.clock = clock
        self.logger = logger
        let queue = WorkQueue<RecordID, Time>(clock: clock, backoff: options.backoff)
        self.queue = queue
        self.metrics = LoopMetrics(metrics, kind: Object.kind.name) { queue.counts }
        wakeups.listen(for: Object.kind) { queue.add($0) }
    }

    /// The kind.
    public var name: String { "\(Object.kind.name) loop" }

    /// How many records wait, are worked on, and have a timer.
    public var counts: (waiting: Int, running: Int, timed: Int) { queue.counts }

    /// Works until the task is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in
                await listen(to: Object.kind) { hear($0, isPresent: $1) }
            }
            for related in related {
                group.addTask { [self] in
                    await listen(to: related.kind) { hear($0, isPresent: $1, of: related) }
                }
            }
            await queue.run(workers: options.workers, late: metrics.began) { [self] id in await work(on: id) }
        }
    }

    // MARK: Hearing

    /// Watches a kind without end; what a lost place in the history hides is found by listing all anew.
    private func listen(to kind: Kind, _ hear: (WatchEvent, _ isPresent: Bool) -> Void) async {
        var failures = 0
        while !Task.isCancelled {
            do throws(StoreError) {
                var isPresent = true
                for try await event in store.watch(RecordQuery(kind), from: .present) {
                    failures = 0
                    if case .complete = event { isPresent = false }
                    hear(event, isPresent)
                }
                return  // Cancelled, or the store was closed.
            } catch {
                metrics.relisted()
                failures += 1
                logger.warning(
                    "The watch of a kind failed; listing it anew",
                    ["kind": .text(kind.name), "error": .describing(error)])
                if case .expired = error, failures == 1 { continue }
                var random = SystemRandomNumberGenerator()
                let delay = options.backoff.delay(afterFailures: failures, using: &random)
                do { try await clock.sleep(for: delay) } catch { return }
            }
        }
    }

    private func hear(_ event: WatchEvent, isPresent: Bool) {
        switch event {
        case .added(let record) where isPresent && options.startSpread > .zero:
            queue.add(record.id, after: options.startSpread * Double.random(in: 0..<1))
        case .added(let record) where isPresent: queue.addRoutine(record.id)
        case .added(let record), .deleted(let record): queue.add(record.id)
        case .modified(let new, from: let old):
            if filter.accepts(new, from: old) { queue.add(new.id) }
        case .complete, .bookmark: break
        }
    }

    private func hear(_ event: WatchEvent, isPresent: Bool, of related: RelatedRecords) {
        let concerned: [RecordID]
        switch event {
        case .added(let record), .deleted(let record): concerned = related.concerned(record)
        case .modified(let new, from: let old):
            guard related.filter.accepts(new, from: old) else { return }
            concerned = Array(Set(related.concerned(old) + related.concerned(new)))
        case .complete, .bookmark: return
        }
        for id in concerned { isPresent ? queue.addRoutine(id) : queue.add(id) }
    }

    // MARK: Working

    private func work(on id: RecordID) async -> WorkQueue<RecordID, Time>.Result {
        let pass = String(UInt32.random(in: 0 ... .max), radix: 36)
        return await LogContext.with(["record": .describing(id), "pass": .text(pass)]) {
            let start = clock.now
            let verdict = await verdict(on: id)
            conclude(verdict, took: start.duration(to: clock.now))
            return next(after: verdict)
        }
    }

    /// How a pass and the storing of what it reported came out together.
    private enum Verdict {
        case settled
        case again(after: Duration, because: String)
        case failed(any Error)
        case terminal(any Error)
        case gone
        case stopped
    }

    private func verdict(on id: RecordID) async -> Verdict {
        let record: Record
        let base: Object
        do throws(StoreError) {
            record = try await store.get(id)
            base = try record.decoded(as: Object.self)
        } catch {
            return Self.verdict(of: error)
        }
        let (object, result) = await Pass(reconciler: reconciler, clock: clock, limit: options.timeout).run(on: base)
        // What a pass saw while everything around it was being stopped says nothing about the record.
        if Task.isCancelled { return .stopped }
        do throws(StoreError) {
            if object != base, !isShown(object, since: base, record) {
                _ = try await store.writeBack(object, since: base)
                metrics.wrote()
            }
        } catch {
            return Self.verdict(of: error)
        }
        switch result {
        case .success(.settled): return .settled
        case .success(.again(let delay, let reason)): return .again(after: delay, because: reason)
        case .failure(let error as TerminalError): return .terminal(error)
        case .failure(let error): return .failed(error)
        }
    }

    /// Shows a status that says nothing new without writing it, as long as that was not for too long.
    private func isShown(_ object: Object, since base: Object, _ record: Record) -> Bool {
        guard object.metadata == base.metadata, reconciler.isRoutine(object, since: base) else { return false }
        return store.refresh(object, since: record, limit: options.routineAge)
    }

    private static func verdict(of error: StoreError) -> Verdict {
        switch error {
        case .notFound: .gone
        case .invalid, .refused: .terminal(error)
        case .alreadyExists, .conflict, .expired, .full, .corrupt, .locked, .unavailable, .keyMissing, .badKeys:
            .failed(error)
        }
    }

    /// The one place where an ended pass is counted and logged.
    private func conclude(_ verdict: Verdict, took: Duration) {
        let outcome: String
        switch verdict {
        case .settled:
            outcome = "settled"
            logger.debug("Settled", ["took": .duration(took)])
        case .again(let delay, let reason):
            outcome = "again"
            logger.debug("Again later", ["after": .duration(delay), "because": .text(reason), "took": .duration(took)])
        case .failed(let error):
            outcome = "failed"
            logger.warning("Failed, to be tried again", ["error": .text("\(error)"), "took": .duration(took)])
        case .terminal(let error):
            outcome = "terminal"
            logger.error("Failed until the record changes", ["error": .text("\(error)"), "took": .duration(took)])
        case .gone:
            outcome = "gone"
            logger.debug("Gone", [:])
        case .stopped: outcome = "stopped"
        }
        metrics.passEnded(outcome, took: took)
    }

    private func next(after verdict: Verdict) -> WorkQueue<RecordID, Time>.Result {
        switch verdict {
        case .settled, .terminal, .stopped: return .rest
        case .again(let delay, _):
            var random = SystemRandomNumberGenerator()
            return .again(after: options.jitter.applied(to: delay, using: &random))
        case .failed: return .failed
        case .gone: return .gone
        }
    }
}

extension ControllerLoop where Time == ContinuousClock {
    /// The loop of a reconciler on the machine's own clock; see the full initialiser.
    public convenience init(
        _ reconciler: Work, store: RecordStore, wakeups: Wakeups, options: LoopOptions = LoopOptions(),
        filter: ChangeFilter = .exceptStatus, related: [RelatedRecords] = [], logger: Logger, metrics: MetricsRegistry
    ) {
        self.init(
            reconciler, store: store, wakeups: wakeups, options: options, filter: filter, related: related,
            clock: ContinuousClock(), logger: logger, metrics: metrics)
    }
}
