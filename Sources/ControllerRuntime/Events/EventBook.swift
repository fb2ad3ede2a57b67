internal import Model

/// Which events are one: a pure account of what was seen, from which records are made.
///
/// The same thing said of the same record again is one event with a higher count. Messages that differ each time, such
/// as those with figures in them, would escape that; after some of them within a while the rest are combined under one
/// event that shows the latest, as Kubernetes does.
struct EventBook {
    /// What is to be recorded.
    struct Occurrence: Sendable {
        let object: ObjectReference
        let type: String
        let reason: String
        let message: String
        let time: Timestamp
    }

    /// What tells events apart.
    struct Key: Hashable, Sendable {
        let uid: String
        let type: String
        let reason: String
        /// Empty for combined ones.
        let message: String
    }

    /// One event as it should be on record.
    struct Entry: Sendable {
        let object: ObjectReference
        let type: String
        let reason: String
        var message: String
        var added: Int64 = 0
        let first: Timestamp
        var last: Timestamp
    }

    private struct Topic: Hashable {
        let uid: String
        let type: String
        let reason: String
    }

    private struct Recent {
        var messages: Set<String> = []
        var since: Timestamp
    }

    /// How many different messages on one topic are told apart.
    static let distinctMessages = 10
    /// For how long.
    static let window: Duration = .seconds(600)

    private var recent: [Topic: Recent] = [:]
    private var pending: [Key: Entry] = [:]

    /// Takes in an occurrence.
    mutating func add(_ occurrence: Occurrence) {
        let now = occurrence.time
        let topic = Topic(uid: occurrence.object.uid, type: occurrence.type, reason: occurrence.reason)
        var seen = recent[topic] ?? Recent(since: now)
        if now - seen.since > Self.window { seen = Recent(since: now) }
        let isCombined = !seen.messages.contains(occurrence.message) && seen.messages.count >= Self.distinctMessages
        if !isCombined { seen.messages.insert(occurrence.message) }
        recent[topic] = seen

        let key = Key(
            uid: topic.uid, type: topic.type, reason: topic.reason, message: isCombined ? "" : occurrence.message)
        var entry =
            pending[key]
            ?? Entry(
                object: occurrence.object, type: occurrence.type, reason: occurrence.reason, message: "", first: now,
                last: now)
        entry.message = isCombined ? "(combined from similar events): \(occurrence.message)" : occurrence.message
        entry.added += 1
        entry.last = max(entry.last, now)
        pending[key] = entry
    }

    /// Gives out what is to be written, and forgets topics nobody spoke of for long.
    mutating func takePending(at now: Timestamp) -> [(key: Key, entry: Entry)] {
        if recent.count > 1024 { recent = recent.filter { now - $0.value.since <= Self.window } }
        defer { pending = [:] }
        return pending.map { ($0.key, $0.value) }.sorted { $0.1.first < $1.1.first }
    }
}

extension EventBook.Key {
    /// The name of the event's record: the same for the same event also after a restart of the controller.
    func recordName(for object: ObjectReference) -> String {
        // FNV-1a: nothing depends on it but that equal keys get equal names.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for text in [uid, type, reason, message] {
            for byte in text.utf8 + [0] {
                hash ^= UInt64(byte)
                hash &*= 0x100_0000_01B3
            }
        }
        let digits = String(hash, radix: 16)
        let suffix = "." + String(repeating: "0", count: 16 - digits.count) + digits
        return object.name.prefix(253 - suffix.count) + suffix
    }
}
