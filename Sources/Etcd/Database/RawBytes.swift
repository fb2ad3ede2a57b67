import Glibc

/// What the database reader needs to say about bytes it does not own.
extension UnsafeRawBufferPointer {
    /// Whether these bytes come strictly before others in the order of bbolt, which compares byte by byte.
    func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
        compare(other) < 0
    }

    /// Negative, zero or positive as these bytes come before, equal or come after others.
    func compare(_ other: UnsafeRawBufferPointer) -> Int {
        if let mine = baseAddress, let theirs = other.baseAddress {
            let order = memcmp(mine, theirs, Swift.min(count, other.count))
            if order != 0 { return Int(order) }
        }
        return count - other.count
    }

    /// The eight bytes at an offset as a big-endian number; the caller has checked that they are there.
    func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Number.Type) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// Whether the bytes are those of an ASCII text.
    func equals(_ text: StaticString) -> Bool {
        compare(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) == 0
    }
}
