public import Etcd

/// The keys under which a copy keeps at the destination what it must know to go on after being killed.
public struct CopyState: Sendable, Hashable {
    /// What all keys of this kind begin with; they are never copied nor compared.
    static let reserved = [UInt8]("lodestone.dev/migrations/".utf8)

    /// The name of the migration.
    public let name: String

    /// Names the migration that the keys belong to.
    public init(_ name: String) {
        self.name = name
    }

    /// Holds a `CopyCheckpoint`.
    var checkpoint: [UInt8] { key("checkpoint") }
    /// Is written to bring the revision forward.
    var padding: [UInt8] { key("padding") }
    /// What the keys begin with that stand for carried leases.
    var leases: [UInt8] { key("leases/") }
    /// All keys of this migration.
    var range: KeyRange { .prefix(key("")) }

    /// Stands for one lease of the source: it is attached to the lease at the destination, so that it is there as long
    /// as that is, and its value is the time to live at the source in seconds.
    func lease(_ id: Int64) -> [UInt8] { leases + [UInt8](String(UInt64(bitPattern: id), radix: 16).utf8) }

    /// The lease of the source that a key stands for.
    func lease(of key: [UInt8]) -> Int64? {
        guard key.starts(with: leases) else { return nil }
        return UInt64(String(decoding: key.dropFirst(leases.count), as: UTF8.self), radix: 16).map {
            Int64(bitPattern: $0)
        }
    }

    private func key(_ rest: String) -> [UInt8] { Self.reserved + [UInt8]("\(name)/\(rest)".utf8) }

    /// Removes all of it from the destination, when the migration is over and nobody will resume or compare it.
    ///
    /// Carried leases stay, with the keys that are attached to them.
    public func remove(from destination: EtcdEndpoints) async throws(ReplicationError) {
        do {
            try await destination.perform(rounds: 4) { (client) throws(EtcdError) in
                _ = try await client.deleteRange(DeleteRangeRequest(range), isIdempotent: true)
            }
        } catch {
            throw ReplicationError(error, "the destination")
        }
    }
}
