import Crypto
import Testing

/// Digests against the published vectors of FIPS 180-2.
struct SHA256Tests {
    @Test(
        "A digest equals the published one",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func vectors(text: String, expected: String) {
        #expect(Hex.encode(SHA256.hash(text)) == expected)
    }

    @Test("Pieces give the same digest as the whole")
    func pieces() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var digest = SHA256()
        for start in stride(from: 0, to: bytes.count, by: 4_099) {
            digest.update(Array(bytes[start..<min(start + 4_099, bytes.count)]))
        }
        #expect(digest.finalize() == SHA256.hash(bytes))
    }

    @Test("A copy goes its own way and leaves the original alone")
    func copies() {
        var first = SHA256()
        first.update(Array("ab".utf8))
        var second = first
        second.update(Array("x".utf8))
        first.update(Array("c".utf8))
        #expect(first.finalize() == SHA256.hash("abc"))
        #expect(second.finalize() == SHA256.hash("abx"))
    }

    @Test("A digest may be read and then extended")
    func finalizeTwice() {
        var digest = SHA256()
        digest.update(Array("a".utf8))
        #expect(digest.finalize() == SHA256.hash("a"))
        digest.update(Array("bc".utf8))
        #expect(digest.finalize() == SHA256.hash("abc"))
    }
}
