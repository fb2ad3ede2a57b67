import Etcd

/// The transactions that are ready or under way, in the order of their revisions: pure bookkeeping of go-back-N.
///
/// After a refusal nothing new is sent until every answer has come, so no transaction is ever under way twice.
struct ReplayWindow {
    /// One revision's transaction.
    struct Item {
        let revision: Int64
        let seenAt: Int64
        /// The encoded transaction.
        let bytes: [UInt8]
        /// The revision that must be acknowledged before it is sent.
        let barrier: Int64
        /// The changes, kept only where the transaction is decided when its turn comes.
        var mass: RevisionChanges?
        fileprivate var number = 0
        fileprivate var acknowledgedWhenSent: Int64 = 0
        fileprivate var outcome: TransactionPipeline.Outcome?

        init(revision: Int64, seenAt: Int64, bytes: [UInt8], barrier: Int64, mass: RevisionChanges? = nil) {
            self.revision = revision
            self.seenAt = seenAt
            self.bytes = bytes
            self.barrier = barrier
            self.mass = mass
        }
    }

    /// What is to be done after an answer.
    enum Trouble: Equatable {
        /// A transaction got another revision than its own.
        case elsewhere(revision: Int64, landed: Int64)
        /// A transaction was refused although everything before it was acknowledged when it was sent.
        case refused(revision: Int64)
        /// What became of some transactions is not known.
        case unknown
    }

    /// The most transactions under way.
    let width: Int
    /// Everything up to here is applied.
    private(set) var acknowledged: Int64
    private(set) var repeats = 0
    private(set) var ready: [Item] = []
    private(set) var underWay: [Item] = []
    private var isDraining = false
    private var isDoubtful = false

    init(width: Int, acknowledged: Int64) {
        self.width = width
        self.acknowledged = acknowledged
    }

    /// How many more should be prepared.
    var room: Int { max(width - ready.count, 0) }

    /// When the oldest change that is not applied was seen.
    var oldest: Int64? { underWay.first?.seenAt ?? ready.first?.seenAt }

    /// The last revision that was ever sent.
    private(set) var lastSent: Int64 = 0

    mutating func prepare(_ item: Item) { ready.append(item) }

    /// A mass deletion whose turn it is: nothing is under way, and it stands first.
    var massFirst: RevisionChanges? { underWay.isEmpty ? ready.first?.mass : nil }

    /// Replaces the first ready item.
    mutating func decideFirst(_ item: Item) {
        guard !ready.isEmpty else { return }
        ready[0] = item
    }

    /// Takes what is to be sent now, in order; `firstNumber` is the number that the first of it will have.
    mutating func take(firstNumber: Int) -> [[UInt8]] {
        guard !isDraining, !isDoubtful else { return [] }
        let free = width - underWay.count
        // With more waiting than fits, small flushes would cost the server more than they bring.
        if ready.count > free, free < width / 4 { return [] }
        var bytes: [[UInt8]] = []
        while bytes.count < free, bytes.count < ready.count {
            var item = ready[bytes.count]
            guard item.barrier <= acknowledged, item.mass == nil else { break }
            item.number = firstNumber + bytes.count
            item.acknowledgedWhenSent = acknowledged
            bytes.append(item.bytes)
            underWay.append(item)
            lastSent = max(lastSent, item.revision)
        }
        ready.removeFirst(bytes.count)
        return bytes
    }

    /// Notes an answer.
    mutating func note(_ number: Int, _ outcome: TransactionPipeline.Outcome) -> Trouble? {
        guard let index = underWay.firstIndex(where: { $0.number == number }) else { return nil }
        underWay[index].outcome = outcome
        let item = underWay[index]
        switch outcome {
        case .applied(let revision):
            guard revision == item.revision else { return .elsewhere(revision: item.revision, landed: revision) }
        case .refused:
            guard item.acknowledgedWhenSent < item.revision - 1 else { return .refused(revision: item.revision) }
            isDraining = true
        case .unknown: isDoubtful = true
        }
        var count = 0
        while count < underWay.count, case .applied(let revision) = underWay[count].outcome {
            acknowledged = revision
            count += 1
        }
        underWay.removeFirst(count)
        guard underWay.allSatisfy({ $0.outcome != nil }) else { return nil }
        return settle()
    }

    /// Everything that was sent is answered: what was refused is sent again.
    private mutating func settle() -> Trouble? {
        if isDoubtful { return .unknown }
        guard isDraining else { return nil }
        isDraining = false
        for item in underWay {
            // Behind one that was refused none can have been applied, if the conditions are sound.
            if case .applied(let revision) = item.outcome {
                return .elsewhere(revision: item.revision, landed: revision)
            }
        }
        repeats += underWay.count
        ready =
            underWay.map { item in
                var item = item
                item.outcome = nil
                return item
            } + ready
        underWay = []
        return nil
    }
}
