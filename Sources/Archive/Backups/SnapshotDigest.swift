import Crypto

/// The digests of a snapshot while it arrives: that of the database, which its last 32 bytes repeat, and that of all.
struct SnapshotDigest {
    private var content = SHA256()
    /// The last bytes so far, up to 32; they are the trailer if nothing comes after them.
    private var tail: [UInt8] = []
    /// The number of bytes so far.
    private(set) var byteCount = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount += bytes.count
        let settled = tail.count + bytes.count - SHA256.byteCount
        guard settled > 0 else {
            tail += bytes
            return
        }
        let fromTail = min(settled, tail.count)
        tail.withUnsafeBytes { content.update(UnsafeRawBufferPointer(rebasing: $0[..<fromTail])) }
        tail.removeFirst(fromTail)
        let fromBytes = settled - fromTail
        content.update(UnsafeRawBufferPointer(rebasing: bytes[..<fromBytes]))
        tail += bytes[fromBytes...]
    }

    /// What the server sent behind the database.
    var trailer: [UInt8] { tail }

    /// Whether the bytes are a whole snapshot: full pages and the digest of them.
    func prove(_ subject: String) throws(ArchiveError) {
        // etcd's pages are multiples of 512 bytes; `etcdctl snapshot restore` tells a trailer by the same rule.
        guard byteCount % 512 == SHA256.byteCount else {
            throw ArchiveError(
                .incomplete, subject, "\(byteCount) bytes arrived, which cannot be a whole snapshot with its checksum")
        }
        let digest = content.finalize()
        guard digest == tail else {
            throw ArchiveError(
                .damaged, subject,
                "the member says that its bytes have the SHA-256 \(Hex.encode(tail)), those that arrived have "
                    + Hex.encode(digest))
        }
    }

    /// The SHA-256 of all bytes, the trailer included.
    var whole: [UInt8] {
        var whole = content
        whole.update(tail)
        return whole.finalize()
    }
}
