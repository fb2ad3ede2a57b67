import API
import Model
import TestSupport
import Testing

/// Patches that are lists of operations (RFC 6902).
@Suite(.timeLimit(.minutes(5)))
struct JSONPatchTests {
    @Test(
        "Operations do what the RFC says",
        arguments: [
            (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
            (#"{"a":["b","c"]}"#, #"[{"op":"add","path":"/a/1","value":"x"}]"#, #"{"a":["b","x","c"]}"#),
            (#"{"a":["b"]}"#, #"[{"op":"add","path":"/a/-","value":["c"]}]"#, #"{"a":["b",["c"]]}"#),
            (#"{"a":["b"]}"#, #"[{"op":"add","path":"/a/1","value":1}]"#, #"{"a":["b",1]}"#),
            (#"{"a":1,"b":2}"#, #"[{"op":"remove","path":"/a"}]"#, #"{"b":2}"#),
            (#"{"a":["b","x","c"]}"#, #"[{"op":"remove","path":"/a/1"}]"#, #"{"a":["b","c"]}"#),
            (#"{"a":1}"#, #"[{"op":"replace","path":"/a","value":null}]"#, #"{"a":null}"#),
            (#"{"a":{"x":1},"b":{}}"#, #"[{"op":"move","from":"/a/x","path":"/b/y"}]"#, #"{"a":{},"b":{"y":1}}"#),
            (#"{"a":["1","2","3"]}"#, #"[{"op":"move","from":"/a/0","path":"/a/2"}]"#, #"{"a":["2","3","1"]}"#),
            (#"{"a":{"x":[1]}}"#, #"[{"op":"copy","from":"/a/x","path":"/b"}]"#, #"{"a":{"x":[1]},"b":[1]}"#),
            (#"{"a":1}"#, #"[{"op":"test","path":"/a","value":1.0},{"op":"remove","path":"/a"}]"#, "{}"),
            (
                #"{"a":{"x":1,"y":[2]}}"#, #"[{"op":"test","path":"/a","value":{"y":[2],"x":1}}]"#,
                #"{"a":{"x":1,"y":[2]}}"#
            ),
            (#"{"a/b":1,"m~n":2}"#, #"[{"op":"remove","path":"/a~1b"},{"op":"remove","path":"/m~0n"}]"#, "{}"),
            (#"{"":1,"~1":2}"#, #"[{"op":"remove","path":"/"},{"op":"remove","path":"/~01"}]"#, "{}"),
            (#"{"a":1}"#, #"[{"op":"add","path":"","value":{"b":2}}]"#, #"{"b":2}"#),
            (#"{"a":1}"#, #"[{"op":"move","from":"/a","path":"/a"}]"#, #"{"a":1}"#),
            (#"{"a":1}"#, "[]", #"{"a":1}"#),
        ])
    func operations(document: String, patch: String, result: String) throws {
        let applied = try JSONPatch(try Value(json: patch)).applied(to: try Value(json: document))
        #expect(applied == (try Value(json: result)), "\(applied.json)")
    }

    @Test(
        "What does not fit the document is refused",
        arguments: [
            (#"{"op":"test","path":"/a","value":2}"#, "testing value /a failed: test failed"),
            (#"{"op":"test","path":"/none","value":2}"#, "doc is missing path: /none"),
            (#"{"op":"remove","path":"/none"}"#, "remove operation does not apply: doc is missing path: /none"),
            (#"{"op":"replace","path":"/none","value":1}"#, "replace operation does not apply"),
            (#"{"op":"add","path":"/none/x","value":1}"#, "add operation does not apply"),
            (#"{"op":"add","path":"/a/x","value":1}"#, "add operation does not apply"),
            (#"{"op":"add","path":"/l/3","value":1}"#, "missing path: /l/3"),
            (#"{"op":"add","path":"/l/01","value":1}"#, "is no index"),
            (#"{"op":"remove","path":"/l/-"}"#, "is no index"),
            (#"{"op":"remove","path":"/l/2"}"#, "missing path: /l/2"),
            (#"{"op":"remove","path":""}"#, "whole document"),
            (#"{"op":"move","from":"/o","path":"/o/x"}"#, "lies within"),
            (#"{"op":"copy","from":"/none","path":"/x"}"#, "doc is missing path: /none"),
        ])
    func rejected(operation: String, words: String) throws {
        let patch = try JSONPatch(.array([try Value(json: operation)]))
        do throws(JSONPatch.Failure) {
            let result = try patch.applied(to: ["a": 1, "l": ["x", "y"], "o": [:]])
            Issue.record("\(result.json)")
        } catch {
            guard case .rejected(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains(words), "\(reason)")
        }
    }

    @Test(
        "What is no patch is refused",
        arguments: [
            "{}", "1", "[1]", "[{}]", #"[{"op":"jump","path":"/a"}]"#, #"[{"op":"add","path":"/a"}]"#,
            #"[{"op":"remove"}]"#, #"[{"op":"remove","path":"a"}]"#, #"[{"op":"remove","path":"/a~2"}]"#,
            #"[{"op":"remove","path":"/a~"}]"#, #"[{"op":"move","path":"/a"}]"#, #"[{"op":"remove","path":7}]"#,
        ])
    func malformed(text: String) throws {
        do throws(JSONPatch.Failure) {
            _ = try JSONPatch((try? Value(json: text)) ?? .null)
            Issue.record("\(text) was taken")
        } catch {
            guard case .malformed = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test("Patches that double what they copy, nest without end or never end are cut off")
    func bounds() throws {
        let doubling: Value = ["op": "copy", "from": "/a", "path": "/a/-"]
        let start: Value = ["a": [.string(String(repeating: "x", count: 1_000))]]
        let double = try JSONPatch(.array(Array(repeating: doubling, count: 100)))
        #expect(throws: JSONPatch.Failure.self) { try double.applied(to: start) }

        let deeper: [Value] = (0..<40).flatMap { _ -> [Value] in
            let path = "/b" + String(repeating: "/x", count: 10)
            let nest = (0..<11).reduce(Value.object([:])) { inner, _ in ["x": inner] }
            return [
                ["op": "add", "path": "/b", "value": nest], ["op": "move", "from": "/a", "path": .string(path)],
                ["op": "move", "from": "/b", "path": "/a"],
            ]
        }
        let deep = try JSONPatch(.array(deeper))
        #expect(throws: JSONPatch.Failure.self) { try deep.applied(to: ["a": [:]]) }

        let many = Array(repeating: ["op": "remove", "path": "/a"] as Value, count: JSONPatch.operationLimit + 1)
        #expect(throws: JSONPatch.Failure.self) { try JSONPatch(.array(many)) }

        var wide = Value.Members()
        for index in 0..<20_000 {
            wide.append("k\(index)", 1)
        }
        let test: Value = ["op": "replace", "path": "/k19999", "value": 2]
        let long = try JSONPatch(.array(Array(repeating: test, count: JSONPatch.operationLimit)))
        #expect(throws: JSONPatch.Failure.self) { try long.applied(to: .object(wide)) }
    }

    @Test("A refusal shows no more of a long pointer than fits into a sentence, and refuses one that goes too deep")
    func longPointers() throws {
        let name = "/" + String(repeating: "n", count: 100_000)
        do throws(JSONPatch.Failure) {
            _ = try JSONPatch([["op": "remove", "path": .string(name)]]).applied(to: [:])
            Issue.record("removed")
        } catch {
            #expect("\(error)".utf8.count < 400, "\(error)")
        }
        let deep = String(repeating: "/a", count: 100_000)
        #expect(throws: JSONPatch.Failure.self) { try JSONPatch([["op": "remove", "path": .string(deep)]]) }
    }

    @Test("Whatever operations come, a patch is applied or refused", arguments: 0..<20)
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let steps = ["a", "b", "0", "1", "-", "", "~0", "~1", "00", "x"]
        func pointer() -> Value {
            .string(
                (0..<Int.random(in: 0..<4, using: &random)).map { _ in "/" + (steps.randomElement(using: &random) ?? "")
                }.joined())
        }
        let values: [Value] = [1, "s", nil, [], [1, [2]], [:], ["a": ["b": [1]]], ["0": 1, "": 2]]
        for _ in 0..<200 {
            var document: Value = ["a": [1, ["b": [:]], []], "b": ["a": ["0": [1, 2]]], "": 1, "/": 2, "~": 3]
            for _ in 0..<10 {
                let action = ["add", "remove", "replace", "move", "copy", "test"].randomElement(using: &random) ?? ""
                let operation: Value = [
                    "op": .string(action), "path": pointer(), "from": pointer(),
                    "value": values.randomElement(using: &random) ?? nil,
                ]
                if let next = try? JSONPatch([operation]).applied(to: document) {
                    document = next
                    #expect(action != "test" || next == document)
                }
            }
            #expect(try Value(json: document.jsonBytes) == document)
        }
    }

    @Test("A record is changed by a JSON patch; what fails is 422, what is too large 413, what is no patch 400")
    func records() async throws {
        let api = try await APIFixture()
        let path = "\(Sample.clusters)/demo"
        let type = "application/json-patch+json"
        let first = try await api.call("POST", Sample.clusters, Sample.cluster("demo")).json
        let patch: Value = [
            ["op": "test", "path": "/spec/version", "value": "3.4.23"],
            ["op": "add", "path": "/metadata/labels", "value": ["a.b/c": "d"]],
            ["op": "replace", "path": "/metadata/labels/a.b~1c", "value": "e"],
        ]
        let patched = try await api.call("PATCH", path, patch, type: type)
        #expect(patched.status == 200 && patched.json[path: "metadata", "labels"] == ["a.b/c": "e"])
        let unfit = try await api.call(
            "PATCH", path, [["op": "test", "path": "/spec/version", "value": "1"]], type: type)
        #expect(unfit.status == 422 && unfit.reason == "Invalid" && unfit.json["details"] == nil)
        #expect(unfit.message.contains("testing value /spec/version failed"))
        for (result, status): (Value, Int) in [([1], 422), (1, 422), (nil, 422), ([:], 422)] {
            let refused = try await api.call(
                "PATCH", path, [["op": "replace", "path": "", "value": result]], type: type)
            #expect(refused.status == status, "\(result.json): \(refused.message)")
        }
        #expect(try await api.call("PATCH", path, ["op": "add"], type: type).status == 400)
        let many = Array(repeating: ["op": "remove", "path": "/a"] as Value, count: 10_001)
        #expect(try await api.call("PATCH", path, .array(many), type: type).status == 413)
        let old = try #require(first[path: "metadata", "resourceVersion"])
        let stale: Value = [["op": "replace", "path": "/metadata/resourceVersion", "value": old]]
        #expect(try await api.call("PATCH", path, stale, type: type).status == 409)
        let invalid = try await api.call("PATCH", path, [["op": "add", "path": "/spec/size", "value": 2]], type: type)
        #expect(invalid.status == 422 && invalid.json[path: "details", "causes"]?.array?.first?["field"] == "spec.size")
    }
}
