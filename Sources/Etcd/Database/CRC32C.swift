import CPlatform

/// A CRC32C (Castagnoli) checksum in the making, as Go's `crc32.New(crc32.MakeTable(crc32.Castagnoli))`.
///
/// The processor's instruction does the work where there is one; a table does it elsewhere.
package struct CRC32C: Equatable {
    private var state: UInt32 = .max

    /// The checksum of all bytes so far; more may follow.
    package var value: UInt32 { ~state }

    /// The checksum of no bytes.
    package init() {}

    /// Goes on with further bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        if Self.hasInstruction {
            state = lodestone_crc32c(state, base.assumingMemoryBound(to: UInt8.self), bytes.count)
        } else {
            updateByTable(bytes)
        }
    }

    mutating func updateByTable(_ bytes: UnsafeRawBufferPointer) {
        var crc = state
        for byte in bytes {
            crc = Self.table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ (crc >> 8)
        }
        state = crc
    }

    private static let hasInstruction = lodestone_has_crc32c() != 0

    /// The remainders of every byte under the reversed polynomial 0x82F63B78.
    private static let table: [UInt32] = (0..<256).map { byte in
        var crc = UInt32(byte)
        for _ in 0..<8 {
            crc = crc & 1 == 1 ? 0x82F6_3B78 ^ (crc >> 1) : crc >> 1
        }
        return crc
    }
}
