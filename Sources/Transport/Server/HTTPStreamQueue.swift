import Glibc

/// The bytes of a stream that the client has not taken yet: whole pieces in, any number of bytes out.
struct HTTPStreamQueue {
    private var pieces: [[UInt8]] = []
    private var first = 0
    private var offset = 0
    private(set) var count = 0

    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        pieces.append(bytes)
        count += bytes.count
    }

    /// Moves as many bytes as there are and fit into a buffer; returns how many.
    mutating func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        while filled < buffer.count, first < pieces.count {
            let piece = pieces[first]
            let size = min(piece.count - offset, buffer.count - filled)
            piece.withUnsafeBytes { bytes in
                buffer[filled..<filled + size].copyBytes(from: bytes[offset..<offset + size])
            }
            filled += size
            offset += size
            if offset == piece.count {
                pieces[first] = []
                first += 1
                offset = 0
            }
        }
        count -= filled
        if first == pieces.count {
            pieces.removeAll(keepingCapacity: pieces.count <= 64)
            first = 0
        } else if first > 1_024 {
            pieces.removeFirst(first)
            first = 0
        }
        return filled
    }

    mutating func removeAll() {
        self = HTTPStreamQueue()
    }
}
