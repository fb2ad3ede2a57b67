import Model
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(10)))
struct DeletionTests {
    private let scratch = ScratchDirectory()

    @Test("A record without finalizers goes at once, and its name is free")
    func plain() async throws {
        let store = try await scratch.open()
        let widget = try await store.create(Widget("a"))
        guard case .removed(let last) = try await store.delete(widget) else {
            Issue.record("it is still there")
            return
        }
        #expect(last.revision == store.revision && last.revision > widget.revision)
        #expect(last.document[path: "metadata", "resourceVersion"] == .string(String(last.revision)))
        await #expect(throws: StoreError.notFound(widget.id)) { try await store.get(widget.id) }
        let error = await #expect(throws: StoreError.self) { try await store.delete(widget) }
        #expect(error?.description == "widgets.lodestone.dev \"a\" not found")
        #expect(try await store.create(Widget("a")).metadata.uid != widget.metadata.uid)
    }

    @Test("A record with finalizers is marked, and goes with the last of them")
    func finalizers() async throws {
        let store = try await scratch.open()
        var widget = Widget("a")
        widget.metadata.finalizers = ["one", "two"]
        widget = try await store.create(widget)
        guard case .pending(let record) = try await store.delete(widget) else {
            Issue.record("it is gone")
            return
        }
        var marked = try record.decoded(as: Widget.self)
        #expect(marked.metadata.deletionTimestamp != nil)
        #expect(marked.metadata.generation == 1)
        // Asking twice changes nothing.
        #expect(try await store.delete(widget) == .pending(record))
        var resurrected = marked
        resurrected.metadata.deletionTimestamp = nil
        resurrected.spec.size = 2
        marked = try await store.update(resurrected)
        #expect(marked.metadata.deletionTimestamp != nil)
        marked.metadata.finalizers = ["three"]
        await #expect(throws: StoreError.self) { try await store.update(marked) }
        marked.metadata.finalizers = ["two"]
        marked = try await store.update(marked)
        var done = marked
        done.metadata.finalizers = []
        done.status.phase = "Gone"
        let last = try await store.writeBack(done, since: marked)
        #expect(last.document[path: "status", "phase"] == "Gone")
        await #expect(throws: StoreError.notFound(widget.id)) { try await store.get(widget.id) }
    }

    @Test("Conditions on identity and version are kept")
    func conditions() async throws {
        let store = try await scratch.open()
        let widget = try await store.create(Widget("a"))
        await #expect(throws: StoreError.self) { try await store.delete(widget.id, DeleteOptions(uid: "other")) }
        var options = DeleteOptions(uid: widget.metadata.uid)
        options.resourceVersion = "1"
        await #expect(throws: StoreError.stale(widget.id)) { try await store.delete(widget.id, options) }
        options.resourceVersion = widget.metadata.resourceVersion
        try await store.delete(widget.id, options)
    }

    @Test("Records go with the last of their owners, also through several levels")
    func owners() async throws {
        let store = try await scratch.open()
        let first = try await store.create(Widget("first"))
        let second = try await store.create(Widget("second"))
        var shared = Widget("shared")
        shared.metadata.ownerReferences = [OwnerReference(to: first), OwnerReference(to: second)]
        shared = try await store.create(shared)
        var leaf = Widget("leaf")
        leaf.metadata.ownerReferences = [OwnerReference(to: shared)]
        try await store.create(leaf)
        var held = Widget("held")
        held.metadata.ownerReferences = [OwnerReference(to: shared)]
        held.metadata.finalizers = ["mine"]
        try await store.create(held)

        try await store.delete(first)
        #expect(try await names(store) == ["held", "leaf", "second", "shared"])
        try await store.delete(second)
        #expect(try await names(store) == ["held"])
        held = try await store.get(Widget.self, named: "held", in: "default")
        #expect(held.metadata.deletionTimestamp != nil)
    }

    @Test("Records that own each other in a ring all go")
    func ring() async throws {
        let store = try await scratch.open()
        var first = try await store.create(Widget("first"))
        var second = Widget("second")
        second.metadata.ownerReferences = [OwnerReference(to: first)]
        second = try await store.create(second)
        first.metadata.ownerReferences = [OwnerReference(to: second), OwnerReference(to: first)]
        try await store.update(first)
        try await store.delete(second)
        #expect(try await names(store) == ["first"])
        try await store.delete(first.id)
        #expect(try await names(store) == [])
    }

    @Test("An owner that does not exist is refused, also when it went a moment ago")
    func missingOwner() async throws {
        let store = try await scratch.open()
        let owner = try await store.create(Widget("owner"))
        try await store.delete(owner)
        var widget = Widget("a")
        widget.metadata.ownerReferences = [OwnerReference(to: owner)]
        let error = await #expect(throws: StoreError.self) { try await store.create(widget) }
        #expect(error?.description.contains("its owner Widget owner") == true)
    }

    @Test("Dependents can be left behind as orphans")
    func orphans() async throws {
        let store = try await scratch.open()
        let owner = try await store.create(Widget("owner"))
        var widget = Widget("a")
        widget.metadata.ownerReferences = [OwnerReference(to: owner)]
        try await store.create(widget)
        var options = DeleteOptions()
        options.orphansDependents = true
        try await store.delete(owner.id, options)
        #expect(try await store.get(Widget.self, named: "a", in: "default").metadata.ownerReferences.isEmpty)
    }

    @Test("A record needs its namespace, and goes with it")
    func namespaces() async throws {
        let store = try await scratch.open()
        let missing = RecordID(Namespace.kind, namespace: "", name: "team")
        await #expect(throws: StoreError.notFound(missing)) { try await store.create(Widget("a", namespace: "team")) }
        let team = try await store.create(Namespace(name: "team"))
        #expect(team.status.phase == "Active")
        try await store.create(Widget("a", namespace: "team"))
        var held = Widget("held", namespace: "team")
        held.metadata.finalizers = ["mine"]
        held = try await store.create(held)
        guard case .pending = try await store.delete(team) else {
            Issue.record("the namespace is gone before its content")
            return
        }
        #expect(try await store.get(Namespace.self, named: "team").status.phase == "Terminating")
        #expect(try await names(store) == ["held"])
        let error = await #expect(throws: StoreError.self) { try await store.create(Widget("b", namespace: "team")) }
        #expect(error?.description.contains("because it is being terminated") == true)
        held = try await store.get(Widget.self, named: "held", in: "team")
        held.metadata.finalizers = []
        try await store.update(held)
        await #expect(throws: StoreError.notFound(missing)) { try await store.get(missing) }

        let protected = RecordID(Namespace.kind, namespace: "", name: "default")
        await #expect(throws: StoreError.invalid(protected, reason: "this namespace may not be deleted")) {
            try await store.delete(protected)
        }
        let empty = try await store.create(Namespace(name: "empty"))
        guard case .removed = try await store.delete(empty) else {
            Issue.record("an empty namespace stays")
            return
        }
    }

    private func names(_ store: RecordStore) async throws -> [String] {
        try await store.list(Widget.self).map(\.metadata.name)
    }
}
