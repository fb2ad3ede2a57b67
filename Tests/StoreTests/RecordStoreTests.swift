import Model
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(10)))
struct RecordStoreTests {
    private let scratch = ScratchDirectory()

    @Test("A created record has identity, revision, generation and time, and no status")
    func create() async throws {
        let store = try await scratch.open(now: { Timestamp(secondsSinceEpoch: 1_000_000_000) })
        var widget = Widget("a", size: 3)
        widget.status.phase = "Invented"
        widget.metadata.uid = "invented"
        widget.metadata.generation = 99
        let created = try await store.create(widget)
        #expect(created.metadata.generation == 1)
        #expect(created.metadata.creationTimestamp == Timestamp(secondsSinceEpoch: 1_000_000_000))
        #expect(created.metadata.uid.count == 36 && created.metadata.uid != "invented")
        #expect(created.revision == store.revision)
        #expect(created.status.phase == "")
        #expect(created.spec.size == 3)
        #expect(try await store.get(Widget.self, named: "a", in: "default") == created)
    }

    @Test("What is looked for and not there is nil; what is there and cannot be read is an error")
    func find() async throws {
        let store = try await scratch.open()
        #expect(try await store.find(Widget.self, named: "a", in: "default") == nil)
        let created = try await store.create(Widget("a"))
        #expect(try await store.find(Widget.self, named: "a", in: "default") == created)
        await store.close()
        await #expect(throws: StoreError.self) { try await store.find(Widget.self, named: "b", in: "default") }
    }

    @Test("Names are unique within kind and namespace")
    func uniqueness() async throws {
        let store = try await scratch.open()
        try await store.create(Namespace(name: "other"))
        try await store.create(Widget("a"))
        try await store.create(Widget("a", namespace: "other"))
        await #expect(throws: StoreError.alreadyExists(Widget("a").id)) { try await store.create(Widget("a")) }
    }

    @Test("A name is generated from generateName")
    func generateName() async throws {
        let store = try await scratch.open()
        var widget = Widget("")
        widget.metadata.generateName = "w-"
        let names = [
            try await store.create(widget).metadata.name, try await store.create(widget).metadata.name,
        ]
        #expect(names.allSatisfy { $0.hasPrefix("w-") && $0.count == 7 })
        #expect(names[0] != names[1])
        widget.metadata.generateName = nil
        await #expect(throws: StoreError.self) { try await store.create(widget) }
    }

    @Test("The generation moves with the spec alone, the revision with everything")
    func generation() async throws {
        let store = try await scratch.open()
        let created = try await store.create(Widget("a"))
        var labelled = created
        labelled.metadata.labels = ["x": "y"]
        labelled = try await store.update(labelled)
        #expect(labelled.metadata.generation == 1)
        #expect(labelled.revision > created.revision)
        var resized = labelled
        resized.spec.size = 2
        resized = try await store.update(resized)
        #expect(resized.metadata.generation == 2)
        var judged = resized
        judged.status.phase = "Good"
        judged = try await store.updateStatus(judged)
        #expect(judged.metadata.generation == 2)
        #expect(judged.revision > resized.revision)
        #expect(judged.metadata.uid == created.metadata.uid)
        #expect(judged.metadata.creationTimestamp == created.metadata.creationTimestamp)
    }

    @Test("Spec and status are written apart")
    func statusApart() async throws {
        let store = try await scratch.open()
        var widget = try await store.create(Widget("a"))
        widget.spec.size = 50
        widget.metadata.labels = ["l": "1"]
        widget.status.phase = "Good"
        let judged = try await store.updateStatus(widget)
        #expect(judged.spec.size == 1 && judged.metadata.labels.isEmpty && judged.status.phase == "Good")
        var update = judged
        update.spec.size = 7
        update.status.phase = "Bad"
        let updated = try await store.update(update)
        #expect(updated.spec.size == 7 && updated.status.phase == "Good")
    }

    @Test("Writing what is there already changes nothing, not even the revision")
    func noChange() async throws {
        let store = try await scratch.open()
        var widget = try await store.create(Widget("a"))
        widget.status.phase = "Good"
        widget = try await store.updateStatus(widget)
        let head = store.revision
        #expect(try await store.update(widget) == widget)
        #expect(try await store.updateStatus(widget) == widget)
        #expect(try await store.apply(widget) == widget)
        widget.metadata.resourceVersion = ""
        #expect(try await store.update(widget).revision == head)
        #expect(store.revision == head)
        // Declaring a record anew with another order of members is no change either.
        var members = try #require(widget.document.members)
        let spec = try #require(members["spec"]?.members)
        var reversed = Value.Members()
        for key in spec.keys.reversed() { reversed[key] = spec[key] }
        members["spec"] = .object(reversed)
        #expect(try await store.update(.object(members), kind: Widget.kind).revision == head)
    }

    @Test("A write based on an older state is refused, one without a version is not")
    func optimisticLocking() async throws {
        let store = try await scratch.open()
        let old = try await store.create(Widget("a"))
        var new = old
        new.spec.size = 2
        new = try await store.update(new)
        var late = old
        late.spec.size = 3
        for write in ["update", "updateStatus", "apply"] {
            let error = await #expect(throws: StoreError.self) {
                switch write {
                case "update": _ = try await store.update(late)
                case "updateStatus": _ = try await store.updateStatus(late)
                default: _ = try await store.apply(late)
                }
            }
            #expect(
                error?.description
                    == "Operation cannot be fulfilled on widgets.lodestone.dev \"a\": the object has been modified; "
                    + "please apply your changes to the latest version and try again")
        }
        late.metadata.resourceVersion = ""
        #expect(try await store.update(late).metadata.generation == 3)
        late.metadata.uid = "another"
        await #expect(throws: StoreError.self) { try await store.update(late) }
    }

    @Test("Apply creates, then updates, and leaves alone what is not declared")
    func apply() async throws {
        let store = try await scratch.open()
        var declared = Widget("a", size: 2, labels: ["team": "a"])
        var stored = try await store.apply(declared)
        stored.metadata.finalizers = ["lodestone.dev/x"]
        stored.metadata.labels["added"] = "by hand"
        stored = try await store.update(stored)
        stored.status.phase = "Good"
        stored = try await store.updateStatus(stored)
        declared.spec.size = 3
        declared.metadata.labels["team"] = "b"
        let applied = try await store.apply(declared)
        #expect(applied.spec.size == 3)
        #expect(applied.metadata.labels == ["team": "b", "added": "by hand"])
        #expect(applied.metadata.finalizers == ["lodestone.dev/x"])
        #expect(applied.status.phase == "Good")
        #expect(applied.metadata.generation == 2)
    }

    @Test("A trial returns what would be stored and stores nothing")
    func trial() async throws {
        let store = try await scratch.open()
        let head = store.revision
        let record = try await store.create(Widget("a").document, kind: Widget.kind, isTrial: true)
        #expect(record.document[path: "metadata", "uid"] != nil)
        #expect(store.revision == head)
        await #expect(throws: StoreError.notFound(Widget("a").id)) { try await store.get(Widget("a").id) }
        let stored = try await store.create(Widget("a"))
        #expect(stored.revision == head + 1)
        var options = DeleteOptions()
        options.isDryRun = true
        _ = try await store.delete(stored.id, options)
        #expect(try await store.get(Widget.self, named: "a", in: "default") == stored)
    }

    @Test("Kinds without spec have no generation, kinds without status refuse one")
    func otherKinds() async throws {
        let store = try await scratch.open()
        var secret = Secret()
        secret.metadata = ObjectMeta(name: "s")
        secret.stringData = ["password": "hunter2"]
        secret.applyDefaults()
        var stored = try await store.create(secret)
        #expect(stored.metadata.generation == nil)
        stored.data = ["password": "bm8="]
        let updated = try await store.update(stored)
        #expect(
            updated.data == ["password": "bm8="] && updated.metadata.resourceVersion != stored.metadata.resourceVersion)
        await #expect(throws: StoreError.self) {
            _ = try await store.updateStatus(updated.document, kind: Secret.kind)
        }
    }

    @Test("What is not a record is refused with its reason")
    func malformed() async throws {
        let store = try await scratch.open()
        let cases: [(Value, String)] = [
            (["metadata": ["name": 3, "namespace": "default"]], "metadata.name: must be a string"),
            ([], "a record must be an object, not a list"),
            (["metadata": ["name": "x"]], "metadata.namespace: must be given"),
            (["metadata": ["namespace": "default"]], "metadata.name: must be given"),
        ]
        for (document, reason) in cases {
            let error = await #expect(throws: StoreError.self) {
                _ = try await store.create(document, kind: Widget.kind)
            }
            #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        }
    }

    @Test("A pass's status and changes of metadata are put upon what people changed meanwhile")
    func writeBack() async throws {
        let store = try await scratch.open()
        var base = Widget("a", labels: ["keep": "1", "drop": "1"])
        base.metadata.finalizers = ["a", "b"]
        base = try await store.create(base)
        var pass = base
        pass.status.phase = "Good"
        pass.metadata.finalizers = ["b", "c"]
        pass.metadata.labels = ["keep": "1", "new": "2"]
        pass.metadata.annotations = ["note": "x"]
        var human = base
        human.spec.size = 9
        human.metadata.labels["human"] = "3"
        human.metadata.finalizers = ["a", "b", "d"]
        try await store.update(human)
        let merged = try await store.writeBack(pass, since: base).decoded(as: Widget.self)
        #expect(merged.spec.size == 9 && merged.status.phase == "Good")
        #expect(merged.metadata.labels == ["keep": "1", "new": "2", "human": "3"])
        #expect(merged.metadata.annotations == ["note": "x"])
        #expect(merged.metadata.finalizers == ["b", "d", "c"])
        try await store.delete(merged.id)
        await #expect(throws: Never.self) { try await store.writeBack(pass, since: base) }
    }

    @Test("A pass over a record that was replaced by another of its name writes nothing")
    func writeBackGone() async throws {
        let store = try await scratch.open()
        let base = try await store.create(Widget("a"))
        try await store.delete(base)
        let other = try await store.create(Widget("a"))
        await #expect(throws: StoreError.notFound(base.id)) { try await store.writeBack(base, since: base) }
        #expect(try await store.get(Widget.self, named: "a", in: "default") == other)
    }

    @Test("After closing, calls are refused and the directory is free")
    func closing() async throws {
        let store = try await scratch.open()
        let widget = try await store.create(Widget("a"))
        await store.close()
        let error = await #expect(throws: StoreError.self) { try await store.create(Widget("b")) }
        #expect(error?.description.hasSuffix("is not available: it is closed.") == true)
        await #expect(throws: StoreError.self) { try await store.get(widget.id) }
        let again = try await scratch.open()
        #expect(try await again.get(Widget.self, named: "a", in: "default") == widget)
        #expect(again.revision == widget.revision)
    }

    @Test("Figures tell records by kind, revisions and writes")
    func figures() async throws {
        let store = try await scratch.open()
        for name in ["a", "b"] { try await store.create(Widget(name)) }
        let figures = try await store.figures()
        #expect(figures.records == ["lodestone.dev/Widget": 2, "Namespace": 1])
        #expect(figures.revision == 3 && figures.compactedRevision == 0)
        #expect(figures.writes.changes == 3 && figures.writes.commits >= 3 && figures.fileBytes > 0)
    }
}
