internal import Crypto
internal import Model

/// How far a copy is, as it stands at the destination in one key, changed in the transactions that it speaks of.
///
/// Every transaction of a copy has the condition that this key was last changed when the copy last saw it change. So
/// what an earlier process, or an earlier attempt at the same transaction, has left on the way can never be applied
/// late, and two processes cannot copy into one destination at a time.
struct CopyCheckpoint: Sendable, Hashable {
    /// What the copy is about.
    enum Phase: String, Sendable {
        /// Not everything is there yet: going on means comparing both sides.
        case copying
        /// Everything up to `revision` is there: going on means following the source.
        case following
    }

    /// What the copy is about.
    var phase: Phase
    /// The source's cluster ID.
    var sourceID: UInt64
    /// The source's revision up to which everything is applied, while following.
    var revision: Int64 = 0
    /// Whether the revision after `revision` is applied in part, since it is too big for one transaction.
    var isPartial = false
    /// The destination's revision before anything was written: what was changed later is ours.
    var base: Int64
    /// The policy it was begun with.
    var policy: ConflictPolicy
    /// `KeySelection.digest` of the selection it was begun with.
    var selection: String
    /// Drawn anew by every process.
    var session: String = CopyCheckpoint.newSession()

    /// A name for a process's turn.
    static func newSession() -> String { Hex.encode(RandomBytes.make(count: 8)) }

    /// The key's value: JSON, for people.
    var encoded: [UInt8] {
        Array(
            """
            {"phase":"\(phase.rawValue)","source":"\(String(sourceID, radix: 16))","revision":\(revision),\
            "partial":\(isPartial),"base":\(base),"policy":"\(policy.rawValue)","selection":"\(selection)",\
            "session":"\(session)"}
            """.utf8)
    }
}

extension CopyCheckpoint {
    /// Reads a key's value; nil if it is not a checkpoint.
    init?(decoding bytes: [UInt8]) {
        guard let value = try? Value(json: bytes), let phase = value["phase"]?.string.flatMap(Phase.init),
            let sourceID = value["source"]?.string.flatMap({ UInt64($0, radix: 16) }),
            let revision = value["revision"]?.integer, let isPartial = value["partial"]?.bool,
            let base = value["base"]?.integer, let policy = value["policy"]?.string.flatMap(ConflictPolicy.init),
            let selection = value["selection"]?.string, let session = value["session"]?.string
        else { return nil }
        self.init(
            phase: phase, sourceID: sourceID, revision: revision, isPartial: isPartial, base: base, policy: policy,
            selection: selection, session: session)
    }
}
