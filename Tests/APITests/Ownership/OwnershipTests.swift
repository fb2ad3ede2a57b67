import API
import Model
import TestSupport
import Testing

/// Who owns which field after which write.
struct OwnershipTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_800_000_000)

    private static func rules(at second: Int = 0) -> Ownership {
        Ownership(shape: FieldSetTests.shape, apiVersion: "example/v1", now: start + .seconds(second))
    }

    private static func record(_ text: String) throws -> Value {
        try Value(json: text).merging(patch: ["metadata": ["name": "x"]])
    }

    private static func apply(
        _ text: String, to live: Value?, by manager: String, force: Bool = false, at second: Int = 0
    ) throws -> Value {
        let application = Application(try record(text), to: live, by: manager, rules(at: second))
        return try application.owned(application.document, isForced: force)
    }

    /// The owners as `name/operation: fields`.
    private static func owners(_ document: Value) -> [String] {
        (document[path: "metadata", "managedFields"]?.array ?? []).map { entry in
            let set = FieldSet(document: entry["fieldsV1"] ?? nil) ?? FieldSet()
            let paths = set.paths.map { $0.map(\.description).joined() }.joined(separator: " ")
            return "\(entry["manager"]?.string ?? "")/\(entry["operation"]?.string ?? ""): \(paths)"
        }
    }

    private static func content(_ document: Value) -> Value {
        var content = document
        content["metadata"] = nil
        return content
    }

    @Test("An apply owns what it holds, gives up what it leaves out, and leaves alone what others own")
    func applies() throws {
        let first = try Self.apply(#"{"size": 3, "labels": {"a": "1", "b": "1"}}"#, to: nil, by: "me")
        #expect(Self.owners(first) == ["me/Apply: .labels.a .labels.b .size"])
        let other = try Self.apply(#"{"mode": "slow", "labels": {"c": "1"}}"#, to: first, by: "other", at: 1)
        #expect(Self.content(other) == ["size": 3, "labels": ["a": "1", "b": "1", "c": "1"], "mode": "slow"])
        let less = try Self.apply(#"{"labels": {"a": "2"}}"#, to: other, by: "me", at: 2)
        #expect(Self.content(less) == ["labels": ["a": "2", "c": "1"], "mode": "slow"])
        #expect(Self.owners(less) == ["other/Apply: .labels.c .mode", "me/Apply: .labels.a"])
        let nothing = try Self.apply("{}", to: less, by: "other", at: 3)
        #expect(Self.content(nothing) == ["labels": ["a": "2"]])
        #expect(Self.owners(nothing) == ["me/Apply: .labels.a"])
    }

    @Test("Another value of a field of others is a conflict, the same value is shared, force takes the field")
    func conflicts() throws {
        let first = try Self.apply(#"{"size": 3, "mode": "slow"}"#, to: nil, by: "me")
        let shared = try Self.apply(#"{"size": 3}"#, to: first, by: "other", at: 1)
        #expect(Self.owners(shared) == ["me/Apply: .mode .size", "other/Apply: .size"])
        do throws(FieldConflicts) {
            let application = Application(["size": 5], to: shared, by: "third", Self.rules())
            _ = try application.owned(application.document, isForced: false)
            Issue.record("no conflict")
        } catch {
            #expect(error.conflicts.map(\.owner) == ["\"me\"", "\"other\""])
            #expect(error.conflicts.flatMap(\.paths) == [".size", ".size"])
        }
        let forced = try Self.apply(#"{"size": 5}"#, to: shared, by: "third", force: true, at: 2)
        #expect(Self.owners(forced) == ["me/Apply: .mode", "third/Apply: .size"])
        // Who shared a field and leaves it out takes nothing from the others.
        let left = try Self.apply("{}", to: shared, by: "other", at: 3)
        #expect(Self.content(left) == ["size": 3, "mode": "slow"])
    }

    @Test("An update owns what it changed and takes it from others; what it removed is nobody's")
    func updates() throws {
        let first = try Self.apply(#"{"size": 3, "labels": {"a": "1", "b": "1"}}"#, to: nil, by: "me")
        let changed = first.merging(patch: ["size": 5, "labels": ["a": nil, "c": "1"]])
        let second = Self.rules(at: 1).updated(changed, from: first, by: "editor")
        #expect(Self.owners(second) == ["me/Apply: .labels.b", "editor/Update: .labels.c .size"])
        #expect(throws: FieldConflicts.self) { try Self.apply(#"{"size": 3}"#, to: second, by: "me") }
        let same = Self.rules(at: 2).updated(second, from: second, by: "nobody")
        #expect(same == second, "who changes nothing owns nothing")
        let created = Self.rules().updated(try Self.record(#"{"size": 1, "labels": {"a": "1"}}"#), from: nil, by: "c")
        #expect(Self.owners(created) == ["c/Update: .labels .labels.a .size"])
    }

    @Test("Applying the same again changes nothing, not even a time")
    func idempotent() throws {
        let text = #"{"size": 3, "backup": {"schedule": "1h", "tags": {"a": "1"}}, "finalizers": ["x"]}"#
        let first = try Self.apply(text, to: nil, by: "me")
        #expect(try Self.apply(text, to: first, by: "me", at: 100) == first)
        let newer = try Self.apply(#"{"size": 4}"#, to: first, by: "me", at: 100)
        #expect(newer[path: "metadata", "managedFields"]?.array?.first?["time"] == "2027-01-15T08:01:40Z")
    }

    @Test("An object goes with the last owned field in it when only defaults are left, and stays for the unowned")
    func defaults() throws {
        var first = try Self.apply(#"{"backup": {"schedule": "1h"}, "size": 1}"#, to: nil, by: "me")
        first = first.merging(patch: ["backup": ["keep": 7]])
        #expect(Self.content(try Self.apply(#"{"size": 1}"#, to: first, by: "me")) == ["size": 1])
        first = first.merging(patch: ["backup": ["keep": 8]])
        #expect(
            Self.content(try Self.apply(#"{"size": 1}"#, to: first, by: "me")) == ["size": 1, "backup": ["keep": 8]])
    }

    @Test("Elements of lists are owned one by one and keep the fields that tell them apart")
    func elements() throws {
        let first = try Self.apply(
            #"{"conditions": [{"type": "A", "status": "True"}, {"type": "B", "status": "True"}]}"#, to: nil, by: "me")
        let noted = try Self.apply(
            #"{"conditions": [{"type": "A", "note": "n"}]}"#, to: first, by: "other", at: 1)
        let without = try Self.apply("{}", to: noted, by: "me", at: 2)
        #expect(Self.content(without) == ["conditions": [["type": "A", "note": "n"]]])
        let sets = try Self.apply(#"{"finalizers": ["x", "y"]}"#, to: ["finalizers": ["z"]], by: "me")
        #expect(sets["finalizers"] == ["z", "x", "y"])
        #expect(try Self.apply(#"{"finalizers": ["y"]}"#, to: sets, by: "me")["finalizers"] == ["z", "y"])
    }

    @Test("Where owners are not known, the first apply finds one that stands for all who wrote before")
    func beforeFirstApply() throws {
        let plain = try Self.record(#"{"size": 3, "mode": "slow"}"#)
        #expect(
            Self.rules().updated(plain.merging(patch: ["size": 4]), from: plain, by: "x")["metadata"] == ["name": "x"])
        let applied = try Self.apply(#"{"size": 3}"#, to: plain, by: "me")
        #expect(Self.owners(applied) == ["me/Apply: .size", "before-first-apply/Update: .mode .size"])
        #expect(throws: FieldConflicts.self) { try Self.apply(#"{"size": 4}"#, to: plain, by: "me") }
    }

    @Test("Clients may rewrite owners and drop all of them; what they cannot mean, or leave out, changes nothing")
    func rewriting() throws {
        let first = try Self.apply(#"{"size": 3}"#, to: nil, by: "me")
        func updated(_ owners: Value) -> Value {
            var changed = first
            changed = changed.merging(patch: ["metadata": ["managedFields": owners]])
            return Self.rules().updated(changed, from: first, by: "x")
        }
        #expect(updated([[:]])[path: "metadata", "managedFields"] == nil)
        #expect(updated([]) == first)
        #expect(updated(nil) == first)
        #expect(updated([["manager": "x", "operation": "Steal"]]) == first)
        let entry: Value = [
            "manager": "new", "operation": "Apply", "apiVersion": "example/v1", "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": ["f:size": [:]],
        ]
        #expect(Self.owners(updated([entry])) == ["new/Apply: .size"])
    }

    @Test("More than ten managers that update are thrown together, the oldest first")
    func tooMany() throws {
        var record = Self.rules().updated(try Self.record(#"{"labels": {"k": "0"}}"#), from: nil, by: "first")
        for index in 1...15 {
            let changed = record.merging(patch: ["labels": .object(["k\(index)": "1"])])
            record = Self.rules(at: index).updated(changed, from: record, by: "m\(index)")
        }
        let owners = Self.owners(record)
        #expect(owners.count == 10)
        #expect(owners.contains { $0.hasPrefix("ancient-changes/Update: .labels .labels.k .labels.k1 ") })
        #expect(owners.last == "m15/Update: .labels.k15")
    }

    @Test("Whatever many managers apply and update, the promises hold", arguments: 0..<40)
    func promises(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var live = try Self.record(#"{"labels": {"unowned": "u"}, "backup": {"tags": {"unowned": "u"}}}"#)
        // Somebody owns something, so that what is unowned is not taken for what was there before all.
        live = Self.rules().updated(
            live.merging(patch: ["size": 0]),
            from: Ownership.withOwner("someone", of: ["f:mode": [:]], in: live), by: "first")
        for step in 0..<25 {
            let manager = "m\(Int.random(in: 0..<3, using: &random))"
            let rules = Self.rules(at: step)
            let document = Self.randomDocument(&random)
            if Int.random(in: 0..<4, using: &random) == 0 {
                let changed = FieldSetTests.shape.merged(live, with: document)
                live = rules.updated(changed, from: live, by: manager)
            } else {
                let force = Bool.random(using: &random)
                let application = Application(document, to: live, by: manager, rules)
                do {
                    let next = try application.owned(application.document, isForced: force)
                    try Self.check(document, live, next, manager)
                    live = next
                } catch let error as FieldConflicts {
                    #expect(!force && !error.conflicts.isEmpty)
                }
            }
            #expect(live[path: "labels", "unowned"] == "u" && live["backup"]?[path: "tags", "unowned"] == "u")
        }
    }

    /// What must hold after `manager` has applied `document` to `before`.
    private static func check(_ document: Value, _ before: Value, _ after: Value, _ manager: String) throws {
        let again = Application(document, to: after, by: manager, rules(at: 1_000))
        #expect(try again.owned(again.document, isForced: false) == after)
        let shape = FieldSetTests.shape
        #expect(content(shape.merged(after, with: document)) == content(after), "all that was applied is there")
        let changed = FieldChanges(from: before, to: after, shape).written
        for entry in after[path: "metadata", "managedFields"]?.array ?? [] {
            let set = try #require(FieldSet(document: entry["fieldsV1"] ?? nil))
            #expect(!set.isEmpty)
            if entry["manager"] != .string(manager) || entry["operation"] != "Apply" {
                #expect(set.intersection(changed).isEmpty, "nobody owns what another one has just written")
            } else {
                #expect(set == shape.fields(of: document))
            }
        }
        let managed = try #require(ManagedFields(after[path: "metadata", "managedFields"]))
        #expect(managed.document == after[path: "metadata", "managedFields"] ?? [])
    }

    private static func randomDocument(_ random: inout SeededRandom) -> Value {
        func maybe() -> Bool { Bool.random(using: &random) }
        func number() -> Value { .integer(Int64.random(in: 1..<3, using: &random)) }
        var document: Value = ["metadata": ["name": "x"]]
        if maybe() { document["size"] = number() }
        if maybe() { document["mode"] = maybe() ? "fast" : "slow" }
        if maybe() { document["endpoints"] = maybe() ? ["a"] : ["b", "a"] }
        if maybe() {
            var backup: Value = [:]
            if maybe() { backup["schedule"] = number() }
            if maybe() { backup["keep"] = number() }
            if maybe() { backup["tags"] = maybe() ? ["t": "1"] : ["t": "2", "s": "1"] }
            document["backup"] = backup
        }
        if maybe() { document["labels"] = maybe() ? ["a": number()] : ["a": number(), "b": number()] }
        if maybe() {
            var element: Value = ["type": maybe() ? "A" : "B"]
            if maybe() { element["status"] = number() }
            if maybe() { element["note"] = number() }
            document["conditions"] = [element]
        }
        if maybe() { document["finalizers"] = maybe() ? ["x"] : ["y", "x"] }
        return document
    }
}

extension Ownership {
    /// A document with one owner.
    fileprivate static func withOwner(_ name: String, of fields: Value, in document: Value) -> Value {
        document.merging(patch: [
            "metadata": [
                "managedFields": [
                    [
                        "manager": .string(name), "operation": "Update", "apiVersion": "example/v1",
                        "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
                    ]
                ]
            ]
        ])
    }
}
