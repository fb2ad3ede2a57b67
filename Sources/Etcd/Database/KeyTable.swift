/// What is remembered of every live key while the records of a database go by: 24 bytes in an open hash table.
///
/// Keys themselves are not kept, only 128 bits of a hash with a random seed. Two keys among a billion share one with
/// a chance of 1 in 10^20, far below that of an undetected memory error. The table is at least 3/8 full once it has
/// grown, so a live key costs 32 to 64 bytes (and half as much again while the table doubles).
struct KeyTable {
    /// What is known of the newest record of a key.
    struct Last: Equatable {
        /// The record's place in the order of the key bucket.
        var ordinal: Int
        /// The record's version modulo 2^24.
        var version: Int
    }

    private struct Slot {
        var fingerprint = KeyFingerprint(low: 0, high: 0)
        /// The ordinal in the upper 40 bits, the version in the lower 24.
        var packed: UInt64 = 0

        var isFree: Bool { fingerprint.low == 0 && fingerprint.high == 0 }
        var last: Last { Last(ordinal: Int(packed >> 24), version: Int(packed & 0xFF_FFFF)) }
    }

    /// How many keys are in the table.
    private(set) var count = 0
    private var slots = [Slot](repeating: Slot(), count: 1024)

    /// Remembers a record as the newest of its key and gives back the one it replaces.
    mutating func put(_ key: KeyFingerprint, ordinal: Int, version: Int64) -> Last? {
        put(key, UInt64(ordinal) << 24 | UInt64(truncatingIfNeeded: version) & 0xFF_FFFF)?.last
    }

    /// Remembers a digest of a key's value instead of a record; a table holds only one of the two.
    mutating func put(_ key: KeyFingerprint, digest: UInt64) {
        _ = put(key, digest)
    }

    /// Forgets a key and gives back its newest record, if it was known.
    mutating func remove(_ key: KeyFingerprint) -> Last? { take(key)?.last }

    /// Forgets a key and gives back the digest of its value, if it was known.
    mutating func removeDigest(_ key: KeyFingerprint) -> UInt64? { take(key)?.packed }

    private mutating func put(_ key: KeyFingerprint, _ packed: UInt64) -> Slot? {
        if count * 4 >= slots.count * 3 { grow() }
        let index = place(of: key)
        let old = slots[index]
        slots[index] = Slot(fingerprint: key, packed: packed)
        guard old.isFree else { return old }
        count += 1
        return nil
    }

    private mutating func take(_ key: KeyFingerprint) -> Slot? {
        var hole = place(of: key)
        let old = slots[hole]
        guard !old.isFree else { return nil }
        count -= 1
        // Move later entries of the same run back, so that no search stops early at the hole.
        let mask = slots.count - 1
        var next = (hole + 1) & mask
        while !slots[next].isFree {
            let home = Int(truncatingIfNeeded: slots[next].fingerprint.low) & mask
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = Slot()
        return old
    }

    /// The slot that holds a key, or the free one where it belongs.
    private func place(of key: KeyFingerprint) -> Int {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: key.low) & mask
        while !slots[index].isFree, slots[index].fingerprint != key {
            index = (index + 1) & mask
        }
        return index
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: old.count * 2)
        for slot in old where !slot.isFree {
            slots[place(of: slot.fingerprint)] = slot
        }
    }
}

/// 128 bits that stand for a key.
struct KeyFingerprint: Equatable {
    var low: UInt64
    var high: UInt64
}

/// A keyed hash from keys to fingerprints: two lanes of 64 x 64 -> 128 bit multiplications folded together.
///
/// The secrets are random per use, so that no key set can be prepared to collide.
struct KeyHasher {
    private let secrets: [6 of UInt64] = [
        .random(in: 1 ... .max), .random(in: 1 ... .max), .random(in: 1 ... .max), .random(in: 1 ... .max),
        .random(in: 1 ... .max), .random(in: 1 ... .max),
    ]

    func fingerprint(of key: UnsafeRawBufferPointer) -> KeyFingerprint {
        var low = secrets[0] ^ UInt64(key.count)
        var high = secrets[1]
        var offset = 0
        while offset + 16 <= key.count {
            let first = key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let second = key.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
            (low, high) = (
                fold(first ^ secrets[2], second ^ low) &+ high, fold(second ^ secrets[3], first ^ high) ^ low
            )
            offset += 16
        }
        var first: UInt64 = 0
        var second: UInt64 = 0
        for index in offset..<key.count {
            (first, second) = (first << 8 | second >> 56, second << 8 | UInt64(key[index]))
        }
        let lane = fold(first ^ secrets[2] ^ low, second ^ secrets[4]) ^ high
        let other = fold(second ^ secrets[3] ^ high, first ^ secrets[5]) &+ low
        let result = KeyFingerprint(low: fold(lane, secrets[5] ^ other), high: fold(other ^ secrets[4], lane | 1))
        // All zero means "free" in the table.
        return result.low == 0 && result.high == 0 ? KeyFingerprint(low: 1, high: 0) : result
    }

    /// 64 bits that stand for a value.
    func digest(of value: UnsafeRawBufferPointer) -> UInt64 { fingerprint(of: value).low }

    private func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
