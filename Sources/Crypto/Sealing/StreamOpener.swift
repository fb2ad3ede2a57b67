/// Opens a sealed stream: gives nothing out that was not proven to be what was sealed, at its place.
///
/// Bytes that were changed, cut off, put in another order or taken from another stream end it with an error. Whoever
/// reads has to reach `finish` before believing that there is no more. Memory: two segments.
public final class StreamOpener {
    private let findKey: (SealedHeader) throws -> SealingKey
    private let output: (UnsafeRawBufferPointer) throws -> Void
    private var headerBytes: [UInt8] = []
    private var body: Body?

    /// What is known once the header is read.
    private struct Body {
        let clear: [UInt8]
        let cipher: AESGCM
        let segments: SegmentBuffers
        var filled = 0
        var number: UInt64 = 0
    }

    /// Begins; `findKey` looks at the header and gives the key or refuses, and `output` takes the message.
    public init(
        findKey: @escaping (SealedHeader) throws -> SealingKey,
        output: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.findKey = findKey
        self.output = output
    }

    /// Goes on with the bytes of the stream, however they are cut.
    ///
    /// - Throws: `SealingError`; what `findKey` and `output` throw.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while body == nil, let byte = rest.popFirst() {
            headerBytes.append(byte)
            // The two texts behind the fixed part are short, so asking after each byte costs nothing that counts.
            guard headerBytes.count <= 8 || headerBytes.count >= SealedHeader.fixedByteCount else { continue }
            if let header = try SealedHeader(headerBytes) { try begin(header) }
        }
        guard var body else { return }
        defer { self.body = body }
        while !rest.isEmpty {
            if body.filled == body.segments.sealed.count { try open(&body, isLast: false) }
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(body.segments.sealed.count - body.filled))
            UnsafeMutableRawBufferPointer(rebasing: body.segments.sealed[body.filled...]).copyMemory(from: part)
            body.filled += part.count
            rest = rest.dropFirst(part.count)
        }
    }

    /// Proves that the stream ends here.
    ///
    /// - Throws: `SealingError`; what `output` throws.
    public func finish() throws {
        guard var body else {
            throw headerBytes.starts(with: SealedHeader.magic) ? SealingError.truncated : .notSealed
        }
        guard body.filled >= AESGCM.tagByteCount else { throw SealingError.truncated }
        try open(&body, isLast: true)
        self.body = body
    }

    private func begin(_ header: SealedHeader) throws {
        let cipher = try header.cipher(under: try findKey(header))
        body = Body(clear: headerBytes, cipher: cipher, segments: SegmentBuffers(header.segmentSize))
    }

    private func open(_ body: inout Body, isLast: Bool) throws {
        let count = body.filled - AESGCM.tagByteCount
        let target = UnsafeMutableRawBufferPointer(rebasing: body.segments.plain[..<count])
        guard
            body.cipher.open(
                UnsafeRawBufferPointer(rebasing: body.segments.sealed[..<body.filled]), into: target,
                nonce: SealedHeader.nonce(body.number, isLast: isLast), authenticating: body.clear)
        else { throw SealingError.damagedSegment(body.number) }
        body.number += 1
        body.filled = 0
        if count > 0 { try output(UnsafeRawBufferPointer(target)) }
    }
}

/// Room for one segment, sealed and opened.
private final class SegmentBuffers {
    let sealed: UnsafeMutableRawBufferPointer
    let plain: UnsafeMutableRawBufferPointer

    init(_ segmentSize: Int) {
        sealed = .allocate(byteCount: segmentSize + AESGCM.tagByteCount, alignment: 64)
        plain = .allocate(byteCount: segmentSize, alignment: 64)
    }

    deinit {
        sealed.deallocate()
        plain.deallocate()
    }
}
