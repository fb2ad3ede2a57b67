import Crypto
import Testing

/// Text forms of bytes: hexadecimal digits and identifiers.
struct EncodingTests {
    @Test("Bytes survive hexadecimal both ways")
    func hexRoundTrip() {
        let all = (0...255).map { UInt8($0) }
        #expect(Hex.decode(Hex.encode(all)) == all)
        #expect(Hex.encode([0x00, 0x0f, 0xa0, 0xff]) == "000fa0ff")
        #expect(Hex.decode("DEADbeef") == [0xde, 0xad, 0xbe, 0xef])
    }

    @Test("Text that is not hexadecimal is refused", arguments: ["a", "abc", "zz", "0x", " 00", "é"])
    func hexRefusals(text: String) {
        #expect(Hex.decode(text) == nil)
    }

    @Test("An identifier has the form of a version 4 UUID and never comes twice")
    func identifiers() throws {
        let made = (0..<1_000).map { _ in UUIDv4.make() }
        #expect(Set(made).count == made.count)
        let form = try Regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
        for identifier in made {
            #expect(identifier.wholeMatch(of: form) != nil, "\(identifier)")
        }
    }

    @Test("Comparison in constant time still compares")
    func comparison() {
        #expect(ConstantTime.areEqual([], []))
        #expect(ConstantTime.areEqual([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [1, 2]))
        #expect(!ConstantTime.areEqual([0x80], [0x00]))
    }
}
