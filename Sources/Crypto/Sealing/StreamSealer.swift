/// Seals a stream of any length under a key, in segments of which each proves itself, its place, and where the end is.
///
/// This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM, under a key that is
/// derived for this one stream from a random salt; so nonces, which count the segments, never repeat. Memory: two
/// segments. The layout is written down in docs/backup-format.md.
public final class StreamSealer {
    /// How many bytes of the message a segment holds if nothing else is asked for.
    public static let segmentSize = 1 << 20

    private let header: SealedHeader
    private let clear: [UInt8]
    private let cipher: AESGCM
    private let output: (UnsafeRawBufferPointer) throws -> Void
    private let plain: UnsafeMutableRawBufferPointer
    private let sealed: UnsafeMutableRawBufferPointer
    private var filled = 0
    private var number: UInt64 = 0
    private var isBegun = false

    /// Begins a stream; `identity` (at most 1024 bytes) says in the clear what it is, and `output` takes its bytes.
    public init(
        key: SealingKey, identity: String, segmentSize: Int = StreamSealer.segmentSize,
        output: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        header = SealedHeader(key: key, identity: identity, segmentSize: segmentSize)
        clear = header.bytes
        do throws(SealingError) {
            cipher = try header.cipher(under: key)
        } catch {
            preconditionFailure("a header made with a key is that key's own")
        }
        self.output = output
        plain = .allocate(byteCount: segmentSize, alignment: 64)
        sealed = .allocate(byteCount: segmentSize + AESGCM.tagByteCount, alignment: 64)
    }

    deinit {
        plain.deallocate()
        sealed.deallocate()
    }

    /// Goes on with the message.
    ///
    /// - Throws: what `output` throws.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            // A full segment waits for the next byte, as only then it is known not to be the last.
            if filled == plain.count { try finishSegment(isLast: false) }
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(plain.count - filled))
            UnsafeMutableRawBufferPointer(rebasing: plain[filled...]).copyMemory(from: part)
            filled += part.count
            rest = rest.dropFirst(part.count)
        }
    }

    /// Ends the message; nothing may be written afterwards.
    ///
    /// - Throws: what `output` throws.
    public func finish() throws {
        try finishSegment(isLast: true)
    }

    private func finishSegment(isLast: Bool) throws {
        if !isBegun {
            isBegun = true
            try clear.withUnsafeBytes { try output($0) }
        }
        let target = UnsafeMutableRawBufferPointer(rebasing: sealed[..<(filled + AESGCM.tagByteCount)])
        cipher.seal(
            UnsafeRawBufferPointer(rebasing: plain[..<filled]), into: target,
            nonce: SealedHeader.nonce(number, isLast: isLast), authenticating: clear)
        number += 1
        filled = 0
        try output(UnsafeRawBufferPointer(target))
    }
}
