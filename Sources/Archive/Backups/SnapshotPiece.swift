public import Etcd

/// A piece of a snapshot on its way from a member.
public protocol SnapshotPiece: Sendable {
    /// The size of the piece in bytes.
    var byteCount: Int { get }
    /// How many bytes of the database the server says are still to come; its 32-byte trailer is not counted.
    var remainingBytes: UInt64 { get }
    /// Lends the bytes.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result
}

/// What an etcd client streams is what the pipeline takes.
extension SnapshotChunk: SnapshotPiece {}
