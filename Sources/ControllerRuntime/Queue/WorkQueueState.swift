/// Which keys wait, which are being worked on, and which have a timer: the queue as a pure value.
///
/// A key is in here once however often it is added. While it is worked on it is never handed out again; if it is added
/// meanwhile it is handed out once more afterwards. Each key has at most one timer: the end of a pass sets it, the
/// start of the next pass clears it, whatever caused that pass.
struct WorkQueueState<Key: Hashable & Sendable, Instant: InstantProtocol>: Sendable where Instant.Duration == Duration {
    /// The two waiting lines.
    enum Lane: Sendable {
        /// Somebody changed something and looks at the screen.
        case urgent
        /// The time for another look has come.
        case routine
    }

    /// What a pass over a key came to.
    enum Disposition: Sendable {
        /// Nothing to do until the key is added again.
        case rest
        /// Another pass at this moment, not after a failure.
        case again(at: Instant)
        /// Another pass at this moment, after one more failure in a row.
        case retry(at: Instant)
        /// The key is gone: forget all about it, unless it was added meanwhile.
        case forget
    }

    private struct Entry {
        var waiting: Lane?
        var isRunning = false
        var timer: TimerHeap<Key, Instant>.ID?
        var failures = 0
        /// When the timer ended because of which it waits.
        var due: Instant?

        var isIdle: Bool { waiting == nil && !isRunning && timer == nil && failures == 0 }
    }

    /// How many urgent keys in a row pass before a routine one gets its turn.
    private static var urgentRun: Int { 8 }

    private var entries: [Key: Entry] = [:]
    private var urgent = KeyLine<Key>()
    private var routine = KeyLine<Key>()
    private var urgentInARow = 0
    private var timers = TimerHeap<Key, Instant>()

    /// How many keys wait for a worker, without those that were added while being worked on.
    private(set) var waitingCount = 0
    /// How many keys have a timer.
    var timerCount: Int { timers.count }
    /// When the key that was handed out last was due; nil if it was in line for another reason than its timer.
    private(set) var lastDue: Instant?
    /// How many keys are being worked on.
    private(set) var runningCount = 0

    /// When the earliest timer ends.
    var nextDue: Instant? { timers.earliest }

    /// Puts `key` in line; a key in the routine line that is added as urgent changes lines.
    mutating func add(_ key: Key, _ lane: Lane) {
        var entry = entries[key] ?? Entry()
        defer { entries[key] = entry }
        switch (entry.waiting, lane) {
        case (.urgent, _), (.routine, .routine): return
        case (.routine, .urgent), (nil, _): break
        }
        let isNew = entry.waiting == nil
        entry.waiting = lane
        guard !entry.isRunning else { return }
        append(key, lane)
        if isNew { waitingCount += 1 }
    }

    /// Puts `key` in the routine line at `moment`, unless it has an earlier timer.
    mutating func add(_ key: Key, at moment: Instant) {
        var entry = entries[key] ?? Entry()
        if let timer = entry.timer {
            guard moment < timer.moment else { return }
            timers.remove(timer)
        }
        entry.timer = timers.insert(key, at: moment)
        entries[key] = entry
    }

    /// Takes the next key to work on, nil when none is ready at `now`.
    mutating func next(at now: Instant) -> Key? {
        while let key = timers.takeDue(at: now) {
            if var entry = entries[key] {
                if entry.waiting == nil { entry.due = entry.timer?.moment }
                entry.timer = nil
                entries[key] = entry
            }
            add(key, .routine)
        }
        while let (key, lane) = takeFirst() {
            // A key that changed lines is still in its old one; that place is stale.
            guard var entry = entries[key], entry.waiting == lane, !entry.isRunning else { continue }
            entry.waiting = nil
            entry.isRunning = true
            if let timer = entry.timer { timers.remove(timer) }
            entry.timer = nil
            lastDue = entry.due
            entry.due = nil
            entries[key] = entry
            waitingCount -= 1
            runningCount += 1
            return key
        }
        return nil
    }

    /// Ends the pass over `key`.
    mutating func finish(_ key: Key, _ disposition: Disposition) {
        guard var entry = entries[key], entry.isRunning else {
            preconditionFailure("\(key) was finished without having been taken")
        }
        runningCount -= 1
        entry.isRunning = false
        switch disposition {
        case .rest, .forget: entry.failures = 0
        case .again(let moment):
            entry.failures = 0
            replaceTimer(of: &entry, key, moment)
        case .retry(let moment):
            entry.failures += 1
            replaceTimer(of: &entry, key, moment)
        }
        if case .forget = disposition, let timer = entry.timer {
            timers.remove(timer)
            entry.timer = nil
        }
        if let lane = entry.waiting {
            append(key, lane)
            waitingCount += 1
        }
        entries[key] = entry.isIdle ? nil : entry
    }

    /// How often `key` has failed in a row.
    func failures(of key: Key) -> Int {
        entries[key]?.failures ?? 0
    }

    /// A timer that was set while the pass ran stays if it is the earlier one.
    private mutating func replaceTimer(of entry: inout Entry, _ key: Key, _ moment: Instant) {
        if let timer = entry.timer {
            guard moment < timer.moment else { return }
            timers.remove(timer)
        }
        entry.timer = timers.insert(key, at: moment)
    }

    private mutating func append(_ key: Key, _ lane: Lane) {
        switch lane {
        case .urgent: urgent.append(key)
        case .routine: routine.append(key)
        }
    }

    private mutating func takeFirst() -> (Key, Lane)? {
        if urgentInARow < Self.urgentRun || routine.isEmpty, let key = urgent.takeFirst() {
            urgentInARow += 1
            return (key, .urgent)
        }
        urgentInARow = 0
        if let key = routine.takeFirst() { return (key, .routine) }
        return urgent.takeFirst().map { ($0, .urgent) }
    }
}

/// A line of keys, first in, first out, without moving the rest at each step.
private struct KeyLine<Key: Sendable>: Sendable {
    private var keys: [Key] = []
    private var head = 0

    var isEmpty: Bool { head == keys.count }

    mutating func append(_ key: Key) {
        keys.append(key)
    }

    mutating func takeFirst() -> Key? {
        guard head < keys.count else { return nil }
        defer {
            head += 1
            if head > 64 && head * 2 > keys.count {
                keys.removeFirst(head)
                head = 0
            }
        }
        return keys[head]
    }
}
