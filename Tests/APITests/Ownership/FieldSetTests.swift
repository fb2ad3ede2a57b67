import API
import Model
import Testing

/// Sets of fields, what they look like in documents, and where they come from.
struct FieldSetTests {
    static let shape = FieldShape.object([
        "size": .init(.whole), "mode": .init(.whole, defaultValue: "fast"),
        "backup": .init(
            .object([
                "schedule": .init(.whole), "keep": .init(.whole, defaultValue: 7), "tags": .init(.map(of: .whole)),
            ])),
        "labels": .init(.map(of: .whole)), "endpoints": .init(.whole),
        "conditions": .init(
            .list(of: .object(["type": .init(.whole), "status": .init(.whole), "note": .init(.whole)]), keys: ["type"])),
        "finalizers": .init(.set),
    ])

    @Test(
        "What is applied is owned: values, names in maps, elements of lists; empty objects by themselves",
        arguments: [
            (#"{"size": 3, "endpoints": ["b", "a"]}"#, #"{"f:endpoints": {}, "f:size": {}}"#),
            (#"{"backup": {"schedule": "1h"}}"#, #"{"f:backup": {"f:schedule": {}}}"#),
            (#"{"backup": {}, "labels": {}}"#, #"{"f:backup": {}, "f:labels": {}}"#),
            (#"{"labels": {"a.b/c": "1"}}"#, #"{"f:labels": {"f:a.b/c": {}}}"#),
            (
                #"{"conditions": [{"type": "Ready", "status": "True"}]}"#,
                #"{"f:conditions": {"k:{\"type\":\"Ready\"}": {".": {}, "f:status": {}, "f:type": {}}}}"#
            ),
            (#"{"finalizers": ["x", "y"]}"#, #"{"f:finalizers": {"v:\"x\"": {}, "v:\"y\"": {}}}"#),
            (#"{"unknown": 1}"#, "{}"),
        ])
    func applied(document: String, fields: String) throws {
        let set = Self.shape.fields(of: try Value(json: document))
        let expected = try Value(json: fields)
        #expect(set.document == expected, "\(set.document.json)")
        #expect(FieldSet(document: expected) == set)
    }

    @Test(
        "A change is told apart: added with the objects it lies in, modified, removed",
        arguments: [
            (#"{"size": 1}"#, #"{"size": 2}"#, "{}", #"{"f:size": {}}"#, "{}"),
            (
                "{}", #"{"labels": {"a": "1"}, "size": 1}"#, #"{"f:labels": {".": {}, "f:a": {}}, "f:size": {}}"#, "{}",
                "{}"
            ),
            (
                #"{"labels": {"a": "1"}}"#, #"{"labels": {"b": "1"}}"#, #"{"f:labels": {"f:b": {}}}"#, "{}",
                #"{"f:labels": {"f:a": {}}}"#
            ),
            (#"{"endpoints": ["a", "b"]}"#, #"{"endpoints": ["b", "a"]}"#, "{}", #"{"f:endpoints": {}}"#, "{}"),
            (#"{"finalizers": ["a", "b"]}"#, #"{"finalizers": ["b", "a"]}"#, "{}", "{}", "{}"),
            (
                #"{"conditions": [{"type": "A", "status": "True"}]}"#,
                #"{"conditions": [{"type": "B"}, {"type": "A", "status": "False"}]}"#,
                #"{"f:conditions": {"k:{\"type\":\"B\"}": {".": {}, "f:type": {}}}}"#,
                #"{"f:conditions": {"k:{\"type\":\"A\"}": {"f:status": {}}}}"#, "{}"
            ),
        ])
    func changes(old: String, new: String, added: String, modified: String, removed: String) throws {
        let changes = FieldChanges(from: try Value(json: old), to: try Value(json: new), Self.shape)
        #expect(changes.added.document == (try Value(json: added)), "\(changes.added.document.json)")
        #expect(changes.modified.document == (try Value(json: modified)), "\(changes.modified.document.json)")
        #expect(changes.removed.document == (try Value(json: removed)), "\(changes.removed.document.json)")
    }

    @Test(
        "What is no set of fields is refused",
        arguments: ["1", "[]", #"{"size": {}}"#, #"{"x:size": {}}"#, #"{"k:[]": {}}"#, #"{"i:x": {}}"#, #"{"f:a": 1}"#])
    func unreadable(text: String) throws {
        #expect(FieldSet(document: try Value(json: text)) == nil)
    }

    @Test("Keys are the same in whatever order they are written, and paths read as Kubernetes shows them")
    func paths() throws {
        let set = try #require(
            FieldSet(
                document: try Value(
                    json: #"{"f:a": {"k:{\"y\":1,\"x\":\"s\"}": {".": {}, "f:b": {}}, "v:\"z\"": {}, "i:2": {}}}"#)))
        let other = try #require(
            FieldSet(document: try Value(json: #"{"f:a": {"k:{\"x\":\"s\", \"y\":1}": {".": {}, "f:b": {}}}}"#)))
        #expect(set.intersection(other) == other)
        #expect(
            set.paths.map { $0.map(\.description).joined() } == [
                ".a[2]", #".a[x="s",y=1]"#, #".a[x="s",y=1].b"#, #".a[="z"]"#,
            ])
    }

    @Test("Sets are united, cut and subtracted field by field")
    func algebra() throws {
        func set(_ text: String) throws -> FieldSet { try #require(FieldSet(document: try Value(json: text))) }
        let left = try set(#"{"f:a": {".": {}, "f:b": {}, "f:c": {}}}"#)
        let right = try set(#"{"f:a": {"f:c": {}, "f:d": {}}}"#)
        #expect(try left.union(right) == set(#"{"f:a": {".": {}, "f:b": {}, "f:c": {}, "f:d": {}}}"#))
        #expect(try left.intersection(right) == set(#"{"f:a": {"f:c": {}}}"#))
        #expect(try left.subtracting(right) == set(#"{"f:a": {".": {}, "f:b": {}}}"#))
        #expect(left.subtracting(left).isEmpty)
    }
}
