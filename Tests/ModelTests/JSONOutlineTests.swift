import Model
import Testing

struct JSONOutlineTests {
    @Test(
        "A member is found in the bytes, whatever stands before it",
        arguments: [
            (#"{"a":1}"#, "a", "1"),
            (#"{"a":1,"b":[1,{"c":"}"}],"metadata":{"name":"x"}}"#, "metadata", #"{"name":"x"}"#),
            (#"{"a":"\"metadata\":{","metadata":"y\\"}"#, "metadata", #""y\\""#),
            (#"{"x":{"metadata":1}}"#, "metadata", nil),
            (#"{}"#, "a", nil), (#"{"a":true,"b":null}"#, "b", "null"), (#"{"a":-1.5e3,"b":false}"#, "a", "-1.5e3"),
            (#"{"a":[],"b":{}}"#, "b", "{}"), (#"{"a":"é","b":"ü"}"#, "b", "\"ü\""),
        ] as [(String, String, String?)])
    func member(text: String, name: String, expected: String?) {
        let bytes = Array(text.utf8)
        #expect(JSONOutline.member(name, of: bytes).map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
        #expect(JSONOutline.isWhole(bytes))
    }

    @Test("Every cut of a document, and zeroed bytes in it, are noticed")
    func damaged() {
        let bytes = Array(#"{"kind":"Secret","metadata":{"name":"x","labels":{"a":"b\\"}},"list":[1,[2,{}]]}"#.utf8)
        #expect(JSONOutline.isWhole(bytes))
        for count in 0..<bytes.count { #expect(!JSONOutline.isWhole(Array(bytes[..<count]))) }
        #expect(!JSONOutline.isWhole(bytes + [UInt8(ascii: "}")]))
        #expect(!JSONOutline.isWhole(Array(bytes[..<30]) + [UInt8](repeating: 0, count: bytes.count - 30)))
        #expect(!JSONOutline.isWhole(Array("[]".utf8)) && !JSONOutline.isWhole([]))
    }
}
