@testable import Client
import Model
import Testing

struct ApplicationTests {
    @Test("A manifest replaces the spec whole, adds labels and annotations, and leaves the rest of the record")
    func merge() {
        let current: Value = [
            "kind": "X", "apiVersion": "v", "spec": ["a": 1, "b": 2], "status": ["phase": "Running"], "extra": 1,
            "metadata": [
                "name": "n", "uid": "u", "resourceVersion": "7", "finalizers": ["f"],
                "labels": ["theirs": "1", "x": "1"],
            ],
        ]
        let manifest: Value = [
            "apiVersion": "v", "kind": "X", "metadata": ["name": "n", "namespace": "default", "labels": ["x": "2"]],
            "spec": ["a": 1],
        ]
        let merged = Application.merge(manifest, into: current)
        #expect(merged["spec"] == ["a": 1])
        #expect(merged["status"] == ["phase": "Running"])
        #expect(merged["extra"] == nil)
        #expect(merged[path: "metadata", "labels"] == ["theirs": "1", "x": "2"])
        #expect(merged[path: "metadata", "finalizers"] == ["f"])
        #expect(merged[path: "metadata", "resourceVersion"] == "7")
        #expect(merged[path: "metadata", "annotations"] == nil)
    }

    @Test("What is the same already stays the same, whatever the order of its fields")
    func unchanged() {
        let current: Value = ["kind": "X", "metadata": ["name": "n", "uid": "u"], "spec": ["a": 1, "b": ["c": "d"]]]
        let manifest: Value = ["spec": ["b": ["c": "d"], "a": 1], "kind": "X", "metadata": ["name": "n"]]
        #expect(Application.merge(manifest, into: current) == current)
    }

    @Test(
        "Paths as servers write them are read",
        arguments: [
            ("spec.size", "spec.size"), ("spec.endpoints[0]", "spec.endpoints[0]"), ("", ""),
            ("metadata.labels[a.b/c]", "metadata.labels[a.b/c]"), ("a[1][2].b", "a[1][2].b"),
        ])
    func paths(text: String, shown: String) {
        let path = FieldPath(parsing: text)
        #expect(path.description == shown)
        #expect(text.contains("[0]") ? path.steps.last == .element(0) : true)
    }

    @Test("A server's answer is a sentence, whatever it is")
    func statuses() {
        let body = Array(
            #"{"kind":"Status","reason":"Invalid","message":"m","details":{"causes":[{"field":"f","message":"c"}]}}"#
                .utf8)
        #expect(
            APIStatus(code: 422, body: body)
                == APIStatus(code: 422, reason: "Invalid", message: "m", causes: [.init(field: "f", message: "c")]))
        #expect(APIStatus(code: 502, body: Array("Bad gateway\n".utf8)).message == "Bad gateway")
        #expect(APIStatus(code: 500, body: []).message == "the server answered 500 without a reason")
    }
}
