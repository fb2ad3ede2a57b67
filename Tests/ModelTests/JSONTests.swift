import Model
import Testing

struct JSONTests {
    @Test(
        "A document survives being written and read",
        arguments: [
            "null", "true", "[]", "{}", "-12", "9223372036854775807", "1.5", "-0.25", "1e+300",
            #"{"a":[1,2,{"b":"c"}],"d":null}"#, #""\"\\\n\r\t\u0001é😀""#,
        ])
    func roundTrip(text: String) throws {
        let value = try Value(json: text)
        #expect(try Value(json: value.json) == value)
        #expect(try Value(json: value.prettyJSON) == value)
    }

    @Test("Whole numbers stay exact to 64 bits, others become doubles")
    func numbers() throws {
        #expect(try Value(json: "9223372036854775807") == .integer(.max))
        #expect(try Value(json: "-9223372036854775808") == .integer(.min))
        #expect(try Value(json: "9223372036854775808") == .double(9223372036854775808))
        #expect(try Value(json: "1.0").json == "1.0")
    }

    @Test("Escapes are resolved, also beyond the basic plane")
    func escapes() throws {
        #expect(try Value(json: #""\u0041\u00e9\ud83d\ude00\/\b\f""#) == .string("Aé😀/\u{8}\u{C}"))
    }

    @Test(
        "What is not strict JSON is refused with its place",
        arguments: [
            ("", "line 1, column 1: the document ends too early"),
            ("{\n  \"a\": 1,\n  \"a\": 2\n}", "line 3, column 6: the name \"a\" is given twice"),
            ("[1,]", "line 1, column 4: a JSON value is expected here"),
            ("[1 2]", "line 1, column 4: ',' or ']' is expected here"),
            ("{a:1}", "line 1, column 2: a member name in quotes is expected here"),
            ("{\"a\" 1}", "line 1, column 6: ':' is expected here"),
            ("\"a", "line 1, column 3: a string is not closed"),
            ("01", "line 1, column 3: this is not a number"),
            ("1 x", "line 1, column 3: there is text after the end of the document"),
            ("tru", "line 1, column 1: a JSON value is expected here"),
            (#""\ud800""#, "line 1, column 8: half of a surrogate pair stands alone"),
            (#""\x""#, "line 1, column 4: this escape does not exist in JSON"),
            ("\"\t\"", "line 1, column 2: a control character must be escaped in a string"),
            ("1e999", "line 1, column 6: 1e999 is not a number JSON can hold"),
        ])
    func refused(text: String, sentence: String) throws {
        let error = #expect(throws: JSONError.self) { try Value(json: text) }
        #expect(error?.description == sentence)
    }

    @Test("Bytes that are no UTF-8 are refused")
    func encoding() {
        #expect(throws: JSONError.self) { try Value(json: [0x22, 0xFF, 0xFE, 0x22]) }
    }

    @Test("A document nested too deep is refused, not overflowed")
    func depth() {
        let error = #expect(throws: JSONError.self) {
            try Value(json: String(repeating: "[", count: 100_000))
        }
        #expect(error?.reason == "the document is nested more than 200 levels deep")
    }

    @Test("A repeated name is found in large objects as well")
    func largeObject() throws {
        let members = (0..<5000).map { "\"k\($0)\":\($0)" }
        #expect(try Value(json: "{" + members.joined(separator: ",") + "}").members?.count == 5000)
        #expect(throws: JSONError.self) {
            try Value(json: "{" + (members + ["\"k17\":1"]).joined(separator: ",") + "}")
        }
    }

    @Test(
        "A merge patch does what RFC 7386 says in its own examples",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
            (#"{"a":"foo"}"#, "null", "null"),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func mergePatch(original: String, patch: String, expected: String) throws {
        let result = try Value(json: original).merging(patch: Value(json: patch))
        #expect(try result == Value(json: expected))
    }

    @Test("Objects are equal whatever the order of their members")
    func equality() throws {
        #expect(try Value(json: #"{"a":1,"b":2}"#) == Value(json: #"{"b":2,"a":1}"#))
        #expect(try Value(json: #"{"a":1,"b":2}"#) != Value(json: #"{"b":2,"a":2}"#))
        #expect(try Value(json: #"{"a":1}"#) != Value(json: #"{"a":1,"b":2}"#))
    }
}
