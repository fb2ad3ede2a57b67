public import Model
public import Store
import Synchronization
public import Telemetry

/// The writer of events: what happened to records, for people.
///
/// Saying something costs the speaker nothing: it is written a moment later, together with what else was said. Events
/// are worth less than the work they speak of, so they are dropped when there are too many or they cannot be stored.
public actor EventRecorder: Component {
    /// How events are kept.
    public struct Options: Sendable {
        /// How long after something was said it is written.
        public var delay: Duration = .milliseconds(250)
        /// How long an event is kept after it was last seen.
        public var age: Duration = .seconds(24 * 3600)
        /// How many events are kept in all.
        public var count = 10_000
        /// How often old events are looked for.
        public var pruneInterval: Duration = .seconds(300)

        /// The defaults.
        public init() {}
    }

    /// What it is called in logs.
    public nonisolated let name = "event recorder"
    private let store: RecordStore
    private let options: Options
    private let component: String
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let recorded: Labelled<Counter>
    private let dropped: Counter
    private var book = EventBook()
    /// What was said since the last write.
    private nonisolated let said = Mutex<[EventBook.Occurrence]>([])
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// What is said beyond this number before it can be written is dropped.
    private static let capacity = 10_000

    /// A recorder that speaks as `component`.
    ///
    /// - Parameters:
    ///   - store: where events are kept.
    ///   - component: who speaks, as events show it.
    ///   - options: how many and how long.
    ///   - clock: the clock of waits.
    ///   - now: the clock of times in events.
    ///   - logger: where it is told that events cannot be stored.
    ///   - metrics: where events are counted.
    public init(
        store: RecordStore, component: String = "lodestone", options: Options = Options(),
        clock: any Clock<Duration> = ContinuousClock(), now: @escaping @Sendable () -> Timestamp = { .now },
        logger: Logger, metrics: MetricsRegistry
    ) {
        self.store = store
        self.component = component
        self.options = options
        self.clock = clock
        self.now = now
        self.logger = logger
        recorded = metrics.counter("lodestone_events_total", "Things said of records, by type.", labels: ["type"])
        dropped = metrics.counter("lodestone_events_dropped_total", "Events that could not be written.")
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Says that something happened in the ordinary course of things.
    public nonisolated func normal(_ record: some Resource, _ reason: String, _ message: String) {
        say("Normal", ObjectReference(to: record), reason, message)
    }

    /// Says that something went wrong.
    public nonisolated func warning(_ record: some Resource, _ reason: String, _ message: String) {
        say("Warning", ObjectReference(to: record), reason, message)
    }

    private nonisolated func say(_ type: String, _ object: ObjectReference, _ reason: String, _ message: String) {
        recorded[type].add()
        // Kubernetes refuses longer messages; this is ours to cut.
        let occurrence = EventBook.Occurrence(
            object: object, type: type, reason: reason, message: String(message.prefix(1024)), time: now())
        let isTaken = said.withLock { said in
            guard said.count < Self.capacity else { return false }
            said.append(occurrence)
            return true
        }
        if !isTaken { dropped.add() }
        signal.yield()
    }

    /// Writes events until the task is cancelled, and then what is left.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.prune() }
            for await _ in signals {
                do { try await clock.sleep(for: options.delay) } catch { break }
                await flush()
            }
        }
        await flush()
    }

    private func flush() async {
        let occurrences = said.withLock { said in
            defer { said = [] }
            return said
        }
        for occurrence in occurrences { book.add(occurrence) }
        let entries = book.takePending(at: now())
        await withDiscardingTaskGroup { group in
            for (key, entry) in entries {
                group.addTask { await self.write(entry, key) }
            }
        }
    }

    private func write(_ entry: EventBook.Entry, _ key: EventBook.Key) async {
        var event = Event()
        event.metadata = ObjectMeta(
            name: key.recordName(for: entry.object),
            namespace: entry.object.namespace.isEmpty ? "default" : entry.object.namespace)
        event.involvedObject = entry.object
        event.reason = entry.reason
        event.type = entry.type
        event.source.component = component
        event.reportingComponent = component
        event.firstTimestamp = entry.first.wholeSeconds
        event.count = 0
        do throws(StoreError) {
            if let known = try await existing(event) { event = known }
            event.message = entry.message
            event.count += entry.added
            event.lastTimestamp = entry.last.wholeSeconds
            // The recorder alone writes events, one write per event at a time: nothing to lock against.
            event.metadata.resourceVersion = ""
            event.metadata.uid = ""
            try await store.apply(event)
        } catch {
            dropped.add()
            // The namespace went with the record: nobody is left to read it.
            if case .notFound = error { return }
            if case .conflict = error { return }
            logger.warning(
                "An event could not be written",
                [
                    "record": .text("\(entry.object.kind) \(entry.object.namespace)/\(entry.object.name)"),
                    "reason": .text(entry.reason), "error": .describing(error),
                ])
        }
    }

    private func existing(_ event: Event) async throws(StoreError) -> Event? {
        do {
            return try await store.get(Event.self, named: event.metadata.name, in: event.metadata.namespace)
        } catch .notFound {
            return nil
        }
    }

    // MARK: Pruning

    private func prune() async {
        while !Task.isCancelled {
            do throws(StoreError) {
                try await pruneOnce()
            } catch {
                logger.warning("Old events could not be removed", ["error": .describing(error)])
            }
            do { try await clock.sleep(for: options.pruneInterval) } catch { return }
        }
    }

    /// Removes events that are too old or too many, those last seen longest ago first.
    func pruneOnce() async throws(StoreError) {
        var found: [(last: Timestamp, id: RecordID)] = []
        var query = RecordQuery(Event.kind)
        query.limit = 500
        repeat {
            let page = try await store.list(query)
            for record in page.records {
                let text = record.document["lastTimestamp"]?.string ?? ""
                found.append((Timestamp(text) ?? Timestamp(secondsSinceEpoch: 0), record.id))
            }
            query.continuation = page.continuation
        } while query.continuation != nil
        found.sort { $0.last < $1.last }
        let oldest = now() - options.age
        let excess = max(0, found.count - options.count)
        for (index, event) in found.enumerated() {
            guard index < excess || event.last < oldest else { break }
            do throws(StoreError) {
                try await store.delete(event.id)
            } catch .notFound {
                continue  // It went with its namespace meanwhile.
            }
        }
    }
}
