import Etcd

/// Decides by which conditions a revision's transaction is refused unless the revision before it has been applied.
///
/// Many transactions are under way at a time and may arrive in any order. A condition on the key that the revision
/// before has put is enough: it has that revision as its last change only then. A deletion leaves no such trace: a key
/// is absent after it, but before its creation as well. So a condition on a deleted key must be joined by one that
/// proves its creation to have happened, and where there is none the transaction must wait until its creation is
/// acknowledged (`Guarded.barrier`): if revision 5 creates a key and 6 deletes it, the states of 4 and 6 are the same,
/// and no condition can tell them apart.
///
/// Feed it every revision in order. It looks back `window` revisions, which must be more than are ever under way.
struct ReplayGuard {
    /// What one revision's transaction needs.
    struct Guarded: Equatable {
        /// The conditions; all must hold.
        var conditions: [Compare]
        /// The revision that must be acknowledged before the transaction is sent, 0 if none.
        var barrier: Int64 = 0
    }

    /// The last put of a key in the window, while nothing has deleted it.
    private struct LastPut {
        var revision: Int64
        var created: Int64
    }

    /// What was done at one revision.
    private struct Effect {
        var revision: Int64
        /// The keys it put, also those it then deleted.
        var puts: [[UInt8]] = []
        /// A key that it put and that was there afterwards.
        var witness: [UInt8]?
        /// The deleted key with the smallest revision of creation, and that; 0 for one before the window.
        var deleted: (key: [UInt8], created: Int64)?
    }

    private let window: Int
    private var puts: [[UInt8]: LastPut] = [:]
    private var effects: [Effect] = []
    private var head = 0

    /// Makes a guard that knows nothing yet.
    init(window: Int = 512) {
        self.window = window
    }

    /// The conditions of a revision, which is then taken for the one before the next.
    mutating func add(_ changes: RevisionChanges) -> Guarded {
        let revision = changes.revision
        let previous = head < effects.count ? effects[effects.count - 1] : nil
        var guarded = previous.map { after($0) } ?? Guarded(conditions: [], barrier: revision - 1)
        let effect = record(changes)
        // Against a late copy of the same request: its own effect is there already.
        if let key = effect.witness {
            guarded.conditions.append(Compare(.key(key), .less, .modRevision(revision)))
        } else if let deleted = effect.deleted, deleted.created < revision {
            guarded.conditions.append(.exists(deleted.key))
        }
        return guarded
    }

    /// Forgets everything: what comes next is guarded by a barrier.
    mutating func reset() { self = ReplayGuard(window: window) }

    /// The conditions under which `effect` is the newest one applied.
    private func after(_ effect: Effect) -> Guarded {
        if let key = effect.witness {
            return Guarded(conditions: [.isUnchanged(key, since: effect.revision)])
        }
        guard let deleted = effect.deleted, deleted.created < effect.revision else {
            return Guarded(conditions: [], barrier: effect.revision)
        }
        let absent = Compare.isAbsent(deleted.key)
        // Created before the window it was there in every state that the transaction can meet.
        guard deleted.created > effect.revision - Int64(window) else { return Guarded(conditions: [absent]) }
        if let proof = newestPut(since: deleted.created, before: effect.revision) {
            return Guarded(conditions: [absent, .isUnchanged(proof.key, since: proof.revision)])
        }
        return Guarded(conditions: [absent], barrier: deleted.created)
    }

    /// The newest put from `created` on that nothing has touched since: where it holds, `created` has been applied.
    private func newestPut(since created: Int64, before revision: Int64) -> (key: [UInt8], revision: Int64)? {
        for effect in effects[head...].reversed() {
            guard effect.revision >= created else { return nil }
            guard effect.revision < revision else { continue }
            if let key = effect.puts.first(where: { puts[$0]?.revision == effect.revision }) {
                return (key, effect.revision)
            }
        }
        return nil
    }

    private mutating func record(_ changes: RevisionChanges) -> Effect {
        var effect = Effect(revision: changes.revision)
        for event in changes.events {
            let pair = event.keyValue
            if event.kind == .put {
                puts[pair.key] = LastPut(revision: changes.revision, created: pair.createRevision)
                effect.puts.append(pair.key)
            } else {
                // A key that was put before the window was created before it too.
                let created = puts.removeValue(forKey: pair.key)?.created ?? 0
                if effect.deleted.map({ created < $0.created }) ?? true { effect.deleted = (pair.key, created) }
            }
        }
        effect.witness = effect.puts.first { puts[$0]?.revision == changes.revision }
        effects.append(effect)
        if effects.count - head > window { forgetOldest() }
        return effect
    }

    private mutating func forgetOldest() {
        let oldest = effects[head]
        for key in oldest.puts where puts[key]?.revision == oldest.revision { puts[key] = nil }
        head += 1
        if head >= window {
            effects.removeFirst(head)
            head = 0
        }
    }
}
