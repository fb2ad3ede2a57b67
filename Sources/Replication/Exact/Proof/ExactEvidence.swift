/// What was compared of two clusters at one revision, and how it came out.
public struct ExactEvidence: Sendable, Hashable {
    /// The hash of one member's key-value store.
    public struct MemberHash: Sendable, Hashable {
        /// The URL of the member.
        public var endpoint: String
        /// The ID of the member.
        public var memberID: UInt64
        /// Its `HashKV` at the revision of the proof.
        public var hash: UInt32
        /// The revision of its last compaction, -1 for none; hashes are comparable only where it is the same.
        public var compactRevision: Int64

        /// Makes one.
        public init(endpoint: String, memberID: UInt64, hash: UInt32, compactRevision: Int64) {
            self.endpoint = endpoint
            self.memberID = memberID
            self.hash = hash
            self.compactRevision = compactRevision
        }
    }

    /// The revision.
    public var revision: Int64
    /// The members of the source.
    public var source: [MemberHash] = []
    /// The members of the destination.
    public var destination: [MemberHash] = []
    /// How many leases there are at either end.
    public var leasesCompared = 0
    /// How many users there are at either end.
    public var usersCompared = 0
    /// How many roles there are at either end.
    public var rolesCompared = 0
    /// Everything in which the two ends differ.
    public var differences: [ExactDifference] = []

    /// Whether both ends are the same in everything that was compared, with at least one member of each.
    public var isEqual: Bool { differences.isEmpty && !source.isEmpty && !destination.isEmpty }

    /// Makes evidence of nothing.
    public init(revision: Int64) {
        self.revision = revision
    }
}

/// One thing in which two clusters differ that should be the same.
public enum ExactDifference: Sendable, Hashable, CustomStringConvertible {
    /// A member has another hash than the source's first member, above the same compaction.
    case hash(member: String, expected: UInt32, found: UInt32)
    /// A member's last compaction is another one, so that hashes say nothing; the destination is never ahead by our doing.
    case compaction(member: String, expected: Int64, found: Int64)
    /// The destination lacks a lease.
    case leaseMissing(Int64)
    /// The source lacks a lease.
    case leaseUnexpected(Int64)
    /// A lease was granted for another time, in seconds.
    case leaseTimeToLive(Int64, source: Int64, destination: Int64)
    /// A lease has other keys; how many only one end has.
    case leaseKeys(Int64, onlyAtSource: Int, onlyAtDestination: Int)
    /// One end lacks a user, or the user's roles differ.
    case user(String)
    /// One end lacks a role, or its permissions differ.
    case role(String)
    /// Authentication is on at one end only.
    case authentication(source: Bool, destination: Bool)

    /// The difference in one sentence.
    public var description: String {
        switch self {
        case .hash(let member, let expected, let found):
            "\(member) has hash \(found) and should have \(expected)."
        case .compaction(let member, let expected, let found):
            "\(member) was compacted at \(found) and the source at \(expected), so the hashes say nothing."
        case .leaseMissing(let id): "Lease \(Self.text(id)) is missing at the destination."
        case .leaseUnexpected(let id): "Lease \(Self.text(id)) is at the destination only."
        case .leaseTimeToLive(let id, let source, let destination):
            "Lease \(Self.text(id)) lives \(source) s at the source and \(destination) s at the destination."
        case .leaseKeys(let id, let source, let destination):
            "Lease \(Self.text(id)) has \(source) keys at the source only and \(destination) at the destination only."
        case .user(let name): "User \(name) is not the same at both ends."
        case .role(let name): "Role \(name) is not the same at both ends."
        case .authentication(let source, let destination):
            "Authentication is \(source ? "on" : "off") at the source and \(destination ? "on" : "off") at the destination."
        }
    }

    private static func text(_ id: Int64) -> String { String(UInt64(bitPattern: id), radix: 16) }
}
