import Crypto
import Testing

/// Text forms of bytes: hexadecimal, base64 and identifiers.
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

    @Test(
        "Base64 matches the vectors of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64Vectors(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
    }

    @Test("Every length and value survives base64 both ways")
    func base64RoundTrip() {
        for count in 0..<70 {
            let bytes = RandomBytes.make(count: count)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        let all = (0...255).map { UInt8($0) }
        #expect(Base64.decode(Base64.encode(all)) == all)
    }

    @Test("White space inside base64 is skipped")
    func base64Spaces() {
        #expect(Base64.decode("Zm9v\n  YmFy\n") == Array("foobar".utf8))
    }

    @Test(
        "Text that is not base64 is refused",
        arguments: [
            "Z", "Zg", "Zg=", "Zm8", "Zm9v=", "Zm9vYg=", "Zh==", "Zm9=", "====", "=", "Zg==Zg==", "Zm9*", "Zg-_",
        ])
    func base64Refusals(text: String) {
        #expect(Base64.decode(text) == nil)
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
