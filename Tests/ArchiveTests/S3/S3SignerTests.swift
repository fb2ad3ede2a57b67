import Crypto
import Model
import Testing

@testable import Archive

/// Signatures and escapes against what Amazon publishes.
struct S3SignerTests {
    /// The examples of "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk".
    @Test(
        "The examples of Amazon's documentation come out as documented",
        arguments: [
            (
                "GET", "/test.txt", "", ["Range": "bytes=0-9"], "",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
            (
                "PUT", "/test%24file.text", "",
                ["Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"],
                "Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ),
            ("GET", "/", "lifecycle=", [:], "", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            (
                "GET", "/", "max-keys=2&prefix=J", [:], "",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
        ])
    func examples(
        method: String, path: String, query: String, headers: [String: String], body: String, signature: String
    ) throws {
        let signer = S3Signer(
            credentials: S3Credentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1")
        let fields = signer.sign(
            method: method, path: path, query: query,
            headers: [("Host", "examplebucket.s3.amazonaws.com")] + headers.map { ($0.key, $0.value) },
            digest: Hex.encode(SHA256.hash(body)), at: try #require(Timestamp("2013-05-24T00:00:00Z")))
        let authorization = try #require(fields.first { $0.name == "Authorization" }?.value)
        #expect(authorization.hasSuffix("Signature=\(signature)"), "\(authorization)")
    }

    @Test(
        "Names are escaped to the letter, and back",
        arguments: [
            ("a b", "a%20b"), ("a+b", "a%2Bb"), ("ü", "%C3%BC"), ("~-._", "~-._"), ("a/b", "a%2Fb"), ("%41", "%2541"),
            ("=:*()@,'!$;&?#", "%3D%3A%2A%28%29%40%2C%27%21%24%3B%26%3F%23"),
            ("\"<>\\^`{|}", "%22%3C%3E%5C%5E%60%7B%7C%7D"),
            ("\u{7f}\n", "%7F%0A"), ("日", "%E6%97%A5"), ("🦫", "%F0%9F%A6%AB"), ("", ""),
        ])
    func escapes(text: String, escaped: String) {
        #expect(S3Encoding.encode(text) == escaped)
        #expect(S3Encoding.decode(escaped) == text)
        #expect(S3Encoding.encodePath("x/\(text)") == "x/\(escaped.split(separator: "%2F").joined(separator: "/"))")
    }

    @Test("What is no escape is refused, and a plus in a listing is a space", arguments: ["%", "%4", "%zz", "%ff"])
    func broken(text: String) {
        #expect(S3Encoding.decode(text) == nil)
        #expect(S3Encoding.decode("a+b%2B") == "a b+")
    }

    @Test("The secret key shows nowhere")
    func redaction() throws {
        let credentials = S3Credentials(accessKeyID: "AK", secretAccessKey: "very-secret")
        let place = try S3Place(url: "http://127.0.0.1:1", bucket: "b", credentials: credentials)
        var dumped = ""
        dump(place, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), "\(place)", String(reflecting: place), dumped] {
            #expect(!text.contains("very-secret"))
        }
        let request = S3Request("GET").signed(for: place, at: .now, S3Options())
        #expect(!"\(request)".contains("very-secret"))
    }

    @Test(
        "Host and path stand as servers sign them",
        arguments: [
            ("https://s3.example.com", true, "s3.example.com", "/bu/a%20b"),
            ("https://s3.example.com:9000/", true, "s3.example.com:9000", "/bu/a%20b"),
            ("http://s3.example.com:80", false, "bu.s3.example.com", "/a%20b"),
            ("http://[::1]:81", true, "[::1]:81", "/bu/a%20b"),
        ])
    func addresses(url: String, usesPathStyle: Bool, host: String, path: String) throws {
        let place = try S3Place(
            url: url, bucket: "bu", usesPathStyle: usesPathStyle,
            credentials: S3Credentials(accessKeyID: "a", secretAccessKey: "b"))
        #expect(place.host == host)
        #expect(place.path(of: "a b") == path)
        #expect(place.path(of: nil) == (usesPathStyle ? "/bu" : "/"))
    }
}
