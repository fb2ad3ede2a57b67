/// What is known of leases beyond a snapshot, at the revision a database is rebuilt for.
public struct ReplayedLeases: Sendable, Hashable {
    /// The times to live in seconds, by ID, of leases that were seen at any time; also of those that have ended.
    public var timesToLive: [Int64: Int64]
    /// The leases that were granted after the snapshot and had not ended.
    public var granted: Set<Int64>
    /// The leases that had ended.
    public var ended: Set<Int64>
    /// Whether `granted` names every lease there was, so that all others of the snapshot had ended.
    public var isComplete = false

    /// Gathers what is known.
    public init(timesToLive: [Int64: Int64] = [:], granted: Set<Int64> = [], ended: Set<Int64> = []) {
        self.timesToLive = timesToLive
        self.granted = granted
        self.ended = ended
    }
}

/// Which keys hang on which lease while records go by, so that no key is left with a lease that is not there.
struct LeaseBook {
    /// For a lease whose time to live nobody has seen: long enough that its holder finds it again.
    static let unknownTimeToLive: Int64 = 3600

    private var stored: [Int64: Int64] = [:]
    private var leaseOfKey: [[UInt8]: Int64] = [:]

    /// Takes in a lease of the snapshot.
    mutating func grant(_ lease: StoredLease) {
        stored[lease.id] = lease.timeToLive
    }

    /// Takes in what the newest record of a key says; 0 for no lease.
    mutating func note(_ key: [UInt8], lease: Int64) {
        guard lease != 0 || !leaseOfKey.isEmpty else { return }
        leaseOfKey[key] = lease == 0 ? nil : lease
    }

    /// Takes in what the newest record of a key says; 0 for no lease.
    mutating func note(_ key: UnsafeRawBufferPointer, lease: Int64) {
        // Most databases have no leases at all, or few; their keys need not be copied.
        guard lease != 0 || !leaseOfKey.isEmpty else { return }
        note(Array(key), lease: lease)
    }

    /// The leases there have to be, with their time to live in seconds, in the order of the database.
    func alive(by known: ReplayedLeases) -> [(id: Int64, seconds: Int64)] {
        let held = Set(leaseOfKey.values)
        let others = known.isComplete ? known.granted : Set(stored.keys).union(known.granted)
        let all = held.union(others.subtracting(known.ended))
        // Names are big-endian bytes, so negative IDs come behind the others.
        return all.sorted { UInt64(bitPattern: $0) < UInt64(bitPattern: $1) }.map { id in
            (id, known.timesToLive[id] ?? stored[id] ?? Self.unknownTimeToLive)
        }
    }
}

/// A lease as the database keeps it (`leasepb.Lease`).
struct StoredLease {
    let id: Int64
    /// In seconds.
    let timeToLive: Int64

    /// Nil if the bytes are no such message.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var (id, seconds): (Int64, Int64) = (0, 0)
        do throws(ProtobufError) {
            var reader = ProtobufReader(bytes)
            while let field = try reader.next() {
                switch field.number {
                case 1: id = try reader.int64(field)
                case 2: seconds = try reader.int64(field)
                default: try reader.skip(field)
                }
            }
        } catch {
            return nil
        }
        self.id = id
        timeToLive = seconds
    }
}
