import Etcd
@testable import Replication
import Testing

struct KeySelectionTests {
    @Test("Without items every key is meant, but not what a copy keeps about itself")
    func everything() throws {
        let selection = try KeySelection([])
        #expect(selection.isEverything)
        #expect(selection.target(of: text("/registry/pods/a")) == text("/registry/pods/a"))
        #expect(selection.target(of: text("lodestone.dev/migrations/m/checkpoint")) == nil)
        #expect(selection.target(of: text("lodestone.dev/migrations")) == text("lodestone.dev/migrations"))
        #expect(!selection.parts.contains { $0.source.contains(text("lodestone.dev/migrations/m/checkpoint")) })
        #expect(selection.parts.contains { $0.source.contains(text("lodestone.dev/migrations")) })
        #expect(selection.parts.contains { $0.source.contains([0xff, 0xff]) })
        #expect(selection.parts.contains { $0.source.contains([0]) })
    }

    @Test("A prefix can be rewritten, and the rest of the key stays")
    func rewriting() throws {
        let selection = try KeySelection([.init("/a/", target: "/moved/a/"), .init("/b/")])
        #expect(selection.target(of: text("/a/x")) == text("/moved/a/x"))
        #expect(selection.target(of: text("/b/x")) == text("/b/x"))
        #expect(selection.target(of: text("/a")) == nil)
        #expect(selection.target(of: text("/c/x")) == nil)
        #expect(selection.description == "/a/ as /moved/a/, /b/")
    }

    @Test(
        "Items that meet are refused, at the source as at the destination",
        arguments: [
            [KeySelection.Item("/a/"), .init("/a/b/")],
            [.init("/a/"), .init("/a/")],
            [.init("/a/", target: "/x/"), .init("/b/", target: "/x/y")],
            [.init("/a/"), .init("")],
            [.init("lodestone.dev/")],
            [.init("/a/", target: "lodestone.dev/migrations/x/")],
            [.init("", target: "/x/")],
        ])
    func overlap(_ items: [KeySelection.Item]) {
        let error = #expect(throws: ReplicationError.self) { try KeySelection(items) }
        #expect(error?.code == .unsupported)
    }

    @Test("A selection is narrowed to what begins with a prefix")
    func narrowing() throws {
        #expect(try KeySelection.everything.narrowed(to: "/registry/").items == [.init("/registry/")])
        let some = try KeySelection([.init("/registry/events/", target: "/events/"), .init("/other/")])
        #expect(try some.narrowed(to: "/registry/").items == [.init("/registry/events/", target: "/events/")])
        let wider = try KeySelection([.init("/reg", target: "/moved")])
        #expect(try wider.narrowed(to: "/registry/").items == [.init("/registry/", target: "/movedistry/")])
        let none = try KeySelection([.init("/other/")])
        #expect(throws: ReplicationError.self) { try none.narrowed(to: "/registry/") }
    }

    @Test("Selections are told apart by their digest")
    func digest() throws {
        let selections = try [
            KeySelection([]), KeySelection([.init("/a/")]), KeySelection([.init("/a/", target: "/b/")]),
            KeySelection([.init("/a"), .init("/b")]), KeySelection([.init("/a/b")]),
        ]
        #expect(Set(selections.map(\.digest)).count == selections.count)
    }
}
