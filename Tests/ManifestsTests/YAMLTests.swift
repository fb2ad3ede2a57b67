import Manifests
import Model
import TestSupport
import Testing

struct YAMLTests {
    private func value(_ text: String) throws -> Value? { try YAML.documents(Array(text.utf8)).first }

    @Test(
        "Plain scalars mean what the core schema of YAML 1.2 says",
        arguments: [
            ("true", true), ("False", false), ("yes", "yes"), ("on", "on"), ("y", "y"), ("TRUE", true),
            ("tRUE", "tRUE"),
            ("12", 12), ("-12", -12), ("+12", 12), ("0", 0), ("0x1F", 31), ("0o17", 15), ("0b11", "0b11"),
            ("1_000", "1_000"), ("1.5", .double(1.5)), ("1.", .double(1)), (".5", .double(0.5)),
            ("-.5e3", .double(-500)),
            ("1e3", .double(1000)), ("9223372036854775807", 9_223_372_036_854_775_807),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("3.4.23", "3.4.23"), ("1e", "1e"), (".", "."),
            ("+", "+"), ("0x", "0x"), ("1:30", "1:30"), ("2026-01-01", "2026-01-01"), ("'12'", "12"),
            ("\"true\"", "true"), ("!!str 12", "12"), ("! 12", "12"), ("!!float 1", .double(1)), ("''", ""),
            ("|\n a\n b\n", "a\nb\n"), (">\n a\n b\n", "a b\n"), ("[null, ~, Null, ]", [nil, nil, nil]),
            ("a:", ["a": nil]), ("{1: a, true: b}", ["1": "a", "true": "b"]),
        ] as [(String, Value)])
    func coreSchema(text: String, expected: Value) throws {
        #expect(try value(text) == expected)
    }

    @Test("A document that would expand to billions of values is refused at once", .timeLimit(.minutes(5)))
    func billionLaughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            text +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(throws: YAMLError.self) { try value(text) }
    }

    /// Texts made to cost a reader much more than their length.
    private enum Hostile: String, CaseIterable {
        case lists, objects, namedObjects, dashes, questions, longList, longText, longSequence, spaces, aliasLadder

        var text: String {
            switch self {
            case .lists: String(repeating: "[", count: 1_000_000)
            case .objects: String(repeating: "{", count: 1_000_000)
            case .namedObjects: String(repeating: "{a: ", count: 200_000)
            case .dashes: String(repeating: "- ", count: 500_000)
            case .questions: String(repeating: "? ", count: 500_000)
            case .longList: "[" + String(repeating: "a,", count: 1_000_000) + "]"
            case .longText: "a: " + String(repeating: "x", count: 2_000_000)
            case .longSequence: String(repeating: "- \n", count: 500_000) + "["
            case .spaces: String(repeating: " ", count: 17 << 20)
            case .aliasLadder: "a: &a0 x\n" + (1...120).map { "b\($0): &a\($0) [*a\($0 - 1)]\n" }.joined()
            }
        }
    }

    @Test("Hostile shapes are refused within a moment", .timeLimit(.minutes(5)), arguments: Hostile.allCases)
    private func hostile(shape: Hostile) {
        #expect(throws: YAMLError.self) { try value(shape.text) }
    }

    @Test("An object with very many fields is read in time that grows with its length", .timeLimit(.minutes(5)))
    func manyFields() throws {
        let text = (0..<80_000).map { "f\($0): 1\n" }.joined()
        #expect(try value(text)?.members?.count == 80_000)
    }

    @Test(
        "Values are written as people write them",
        arguments: [
            (
                ["a": "text", "b": [1, "2", true, "true"], "c": [:], "d": []],
                "a: text\nb:\n- 1\n- \"2\"\n- true\n- \"true\"\nc: {}\nd: []\n"
            ),
            ([["name": "a", "x": nil], ["name": "b c"]], "- name: a\n  x: null\n- name: b c\n"),
            (["a": ["b": [["c": ["d": "e"]]]]], "a:\n  b:\n  - c:\n      d: e\n"),
            (
                ["pem": "one\n  two\n\nthree\n", "key": "x\ny"],
                "pem: |\n  one\n    two\n\n  three\nkey: |-\n  x\n  y\n"
            ),
            (
                ["v": "3.4.23", "t": "2026-01-01T00:00:00Z", "u": "http://127.0.0.1:2379", "w": "a: b", "n": "no"],
                "v: \"3.4.23\"\nt: \"2026-01-01T00:00:00Z\"\nu: http://127.0.0.1:2379\nw: \"a: b\"\n\"n\": \"no\"\n"
            ),
            ([[[1, 2], [3]]], "- - - 1\n    - 2\n  - - 3\n"),
            ("", "\"\"\n"), ("keeps\n\n", "|+\n  keeps\n\n"), (.double(1), "1.0\n"), ("#a", "\"#a\"\n"),
            ("a #b", "\"a #b\"\n"),
            ("tab\there", "\"tab\\there\"\n"), ("\u{85}\u{2028}\u{1}", "\"\\x85\\u2028\\x01\"\n"),
        ] as [(Value, String)])
    func written(value: Value, expected: String) throws {
        #expect(value.yaml == expected)
        #expect(try self.value(expected) == value)
    }

    @Test("Whatever is written is read back as it was", arguments: 0..<40 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            let original = RandomValue.value(depth: 4, &random)
            let text = original.yaml
            #expect(try value("x: 1\n---\n" + text) == ["x": 1])
            let read = try YAML.documents(Array(text.utf8))
            #expect(read.first ?? .null == original, "\(text)")
            let inside: Value = ["list": [original, original], "last": original]
            #expect(try value(inside.yaml) == inside, "\(inside.yaml)")
        }
    }
}

/// Values of every shape, with the texts that are hard to write in YAML more often than chance would have it.
enum RandomValue {
    private static let pieces = [
        "a", "b", "Z", "0", "1", "9", ".", "-", "+", ":", ": ", " ", "  ", "#", " #", "\n", "\n\n", "\t", "\r", "\"",
        "'",
        "\\", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "?", "~", "---", "...", "\u{0}",
        "\u{7F}",
        "\u{85}", "\u{A0}", "\u{2028}", "\u{FEFF}", "é", "日", "\u{1F600}", "e\u{301}", "true", "null", "yes", "0x1",
        "1e5",
        "\u{FFFE}", "\u{10FFFF}", "<<", "=", "\r\n", "- ", "? ",
    ]

    static func value(depth: Int, _ random: inout SeededRandom) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 7), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64(bitPattern: random.next()) >> Int64.random(in: 0..<64, using: &random))
        case 3:
            return .double(
                Double(Int64(bitPattern: random.next()))
                    * [1e-300, 1e-9, 0.5, 1, 1e80].randomElement(using: &random, or: 1))
        case 4, 5, 6: return .string(text(&random))
        case 7: return .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in value(depth: depth - 1, &random) })
        default:
            var members = Value.Members()
            for _ in 0..<Int.random(in: 0..<5, using: &random) {
                var key = text(&random)
                if Int.random(in: 0..<20, using: &random) == 0 { key += String(repeating: "k", count: 1100) }
                members[key] = value(depth: depth - 1, &random)
            }
            return .object(members)
        }
    }

    private static func text(_ random: inout SeededRandom) -> String {
        (0..<Int.random(in: 0..<8, using: &random)).map { _ in pieces.randomElement(using: &random, or: "") }.joined()
    }
}

extension Array {
    fileprivate func randomElement(using random: inout SeededRandom, or fallback: Element) -> Element {
        randomElement(using: &random) ?? fallback
    }
}
