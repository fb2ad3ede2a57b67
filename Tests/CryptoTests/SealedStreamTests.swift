import Testing

@testable import Crypto

/// Sealed streams: what goes in comes out, and nothing else ever does.
struct SealedStreamTests {
    private static let segment = 64
    private let key = SealingKey(id: "k1", bytes: [UInt8](repeating: 7, count: 32))

    @Test(
        "HKDF gives the bytes of RFC 5869, appendix A",
        arguments: [
            (
                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
                42,
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
            ),
            (
                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", 42,
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
            ),
        ])
    func derivation(secret: String, salt: String, purpose: String, count: Int, expected: String) throws {
        let derived = HKDF.derive(
            secret: try #require(Hex.decode(secret)), salt: try #require(Hex.decode(salt)),
            purpose: try #require(Hex.decode(purpose)), count: count)
        #expect(Hex.encode(derived) == expected)
    }

    @Test("AES-256-GCM gives the bytes of the test vectors NIST published (test case 16 of the GCM specification)")
    func cipher() throws {
        let cipher = AESGCM(
            key: try #require(Hex.decode("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")))
        let plain = try #require(
            Hex.decode(
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
            ))
        let clear = try #require(Hex.decode("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
        let nonce = try #require(Hex.decode("cafebabefacedbaddecaf888"))
        var sealed = [UInt8](repeating: 0, count: plain.count + 16)
        plain.withUnsafeBytes { plain in
            sealed.withUnsafeMutableBytes { cipher.seal(plain, into: $0, nonce: nonce, authenticating: clear) }
        }
        #expect(
            Hex.encode(sealed)
                == "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b")
    }

    @Test("A message of any length survives, however it is cut on its way", arguments: [0, 1, 63, 64, 65, 128, 1000])
    func roundTrip(length: Int) throws {
        let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for step in [1, 7, 64, 80, 1 << 20] {
            let sealed = try seal(message, step: step)
            #expect(try open(sealed, step: step) == message)
        }
        // The same message never looks the same.
        #expect(try seal(message) != seal(message))
    }

    @Test("No flipped bit is ever let through, nor a byte cut off or added")
    func damage() throws {
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        let sealed = try seal(message)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1 << UInt8(index % 8)
            #expect(throws: SealingError.self, "byte \(index)") { try open(changed) }
        }
        for count in 0..<sealed.count {
            #expect(throws: SealingError.self, "cut at \(count)") { try open(Array(sealed.prefix(count))) }
        }
        #expect(throws: SealingError.self) { try open(sealed + [0]) }
    }

    @Test("Nothing that was not proven comes out before the error does")
    func proofBeforeRelease() throws {
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        var sealed = try seal(message)
        let second = headerSize(sealed) + Self.segment + 16
        sealed[second] ^= 1
        var released: [UInt8] = []
        #expect(throws: SealingError.damagedSegment(1)) {
            let opener = StreamOpener(findKey: { _ in try #require(key) }) { released += $0 }
            try sealed.withUnsafeBytes { try opener.write($0) }
            try opener.finish()
        }
        #expect(released == Array(message.prefix(Self.segment)))
    }

    @Test("Segments that were swapped, repeated, left out or taken from another stream are refused")
    func order() throws {
        let message = [UInt8](repeating: 1, count: 3 * Self.segment)
        let (sealed, other) = (try seal(message), try seal(message))
        let start = headerSize(sealed)
        let size = Self.segment + 16
        func segment(_ number: Int, of stream: [UInt8]) -> ArraySlice<UInt8> {
            stream[(start + number * size)..<(start + (number + 1) * size)]
        }
        func stream(_ numbers: [Int]) -> [UInt8] {
            var stream = Array(sealed[..<start])
            for number in numbers { stream += segment(number, of: sealed) }
            return stream
        }
        #expect(try open(stream([0, 1, 2])) == message)
        for wrong in [[1, 0, 2], [0, 2], [0, 1], [0, 1, 1, 2], []] {
            #expect(throws: SealingError.self, "\(wrong)") { try open(stream(wrong)) }
        }
        var mixed = stream([0])
        mixed += segment(1, of: other)
        mixed += segment(2, of: sealed)
        #expect(throws: SealingError.damagedSegment(1)) { try open(mixed) }
        var moved = Array(other[..<start])
        moved += stream([0, 1, 2])[start...]
        #expect(throws: SealingError.damagedSegment(0)) { try open(moved) }
    }

    @Test("Another key is told from damage, and its name is no secret while the key is one")
    func keys() throws {
        let sealed = try seal([1, 2, 3])
        let wrong = try #require(SealingKey(id: "k1", bytes: [UInt8](repeating: 8, count: 32)))
        #expect(throws: SealingError.wrongKey(id: "k1")) { try open(sealed, key: wrong) }
        #expect("\(wrong)" == "key \"k1\"" && String(reflecting: wrong) == "key \"k1\"")
        #expect(SealingKey(id: "k1", bytes: [1]) == nil)
        #expect(SealingKey(id: "no space", bytes: [UInt8](repeating: 8, count: 32)) == nil)
        #expect(throws: SealingError.notSealed) { try open(Array("SQLite format 3\0".utf8)) }
        #expect(throws: SealingError.notSealed) { try open([]) }
    }

    @Test("Whoever has to find the key sees its name and what the stream claims to be")
    func header() throws {
        var seen: SealedHeader?
        let opener = StreamOpener(
            findKey: {
                seen = $0
                return try #require(key)
            }, output: { _ in })
        try seal([1]).withUnsafeBytes { try opener.write($0) }
        try opener.finish()
        #expect(seen?.keyID == "k1" && seen?.identity == "default/orders")
    }

    private func seal(_ message: [UInt8], step: Int = 1 << 20) throws -> [UInt8] {
        var sealed: [UInt8] = []
        let sealer = StreamSealer(
            key: try #require(key), identity: "default/orders", segmentSize: Self.segment
        ) { sealed += $0 }
        try feed(message, step) { try sealer.write($0) }
        try sealer.finish()
        return sealed
    }

    private func open(_ sealed: [UInt8], key: SealingKey? = nil, step: Int = 1 << 20) throws -> [UInt8] {
        var message: [UInt8] = []
        let key = try #require(key ?? self.key)
        let opener = StreamOpener(findKey: { _ in key }, output: { message += $0 })
        try feed(sealed, step) { try opener.write($0) }
        try opener.finish()
        return message
    }

    private func feed(_ bytes: [UInt8], _ step: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        for start in stride(from: 0, to: bytes.count, by: step) {
            try bytes[start..<min(start + step, bytes.count)].withUnsafeBytes { try body($0) }
        }
    }

    private func headerSize(_ sealed: [UInt8]) -> Int {
        SealedHeader.fixedByteCount + 2 + "k1".utf8.count + 2 + "default/orders".utf8.count
    }
}
