/// The bytes of a stored object, in pieces, as they are read; it is read once, by one task.
public struct ByteStream: AsyncSequence, AsyncIteratorProtocol, Sendable {
    /// A piece of the object, never empty.
    public typealias Element = [UInt8]

    private let read: @Sendable () async throws -> [UInt8]?

    /// Makes a stream from a function that reads the next piece and gives nil at the end.
    public init(_ read: @escaping @Sendable () async throws -> [UInt8]?) {
        self.read = read
    }

    /// The stream itself, as it is read once.
    public func makeAsyncIterator() -> ByteStream { self }

    /// The next piece, or nil at the end.
    public mutating func next() async throws -> [UInt8]? {
        try await read()
    }

    /// All bytes at once, for objects that are known to be small.
    ///
    /// - Throws: `ArchiveError` with the code `invalidManifest` if there are more than `limit`.
    public func collect(upTo limit: Int, of subject: String) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in self {
            guard bytes.count + piece.count <= limit else {
                throw ArchiveError(.invalidManifest, subject, "it is larger than \(limit) bytes")
            }
            bytes += piece
        }
        return bytes
    }
}
