import Model
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(10)))
struct ListTests {
    private let scratch = ScratchDirectory()

    @Test("Lists are ordered and cut to namespace, name, labels and fields")
    func selection() async throws {
        let store = try await scratch.open()
        try await store.create(Namespace(name: "other"))
        try await store.create(Widget("b", size: 2, labels: ["tier": "gold", "app": "x"]))
        try await store.create(Widget("a", labels: ["tier": "silver"]))
        try await store.create(Widget("a", namespace: "other", labels: ["tier": "gold"]))
        func names(_ query: RecordQuery) async throws -> [String] {
            try await store.list(query).records.map { "\($0.id.namespace)/\($0.id.name)" }
        }
        #expect(try await names(.widgets) == ["default/a", "default/b", "other/a"])
        #expect(try await names(RecordQuery(Widget.kind, namespace: "default")) == ["default/a", "default/b"])
        #expect(try await names(RecordQuery(Widget.kind, name: "a")) == ["default/a", "other/a"])
        var query = RecordQuery.widgets
        query.labels = try LabelSelector("tier=gold,!app")
        #expect(try await names(query) == ["other/a"])
        query.labels = LabelSelector()
        query.fields = try FieldSelector("metadata.namespace=default,metadata.name!=a")
        #expect(try await names(query) == ["default/b"])
        #expect(try await store.list(Widget.self, in: "default", labels: ["tier": "gold"]).map(\.spec.size) == [2])
    }

    @Test("A list by label follows every change of labels, and records that go")
    func labelChanges() async throws {
        let store = try await scratch.open()
        func names(_ label: String, _ value: String) async throws -> [String] {
            try await store.list(Widget.self, labels: [label: value]).map(\.metadata.name)
        }
        for name in ["c", "a", "b"] { try await store.create(Widget(name, labels: ["tier": "gold", "of": name])) }
        #expect(try await names("tier", "gold") == ["a", "b", "c"])
        var widget = try await store.get(Widget.self, named: "b", in: "default")
        widget.metadata.labels = ["tier": "silver", "of": "b"]
        try await store.update(widget)
        try await store.delete(Widget("c").id)
        #expect(try await names("tier", "gold") == ["a"])
        #expect(try await names("tier", "silver") == ["b"])
        #expect(try await names("of", "c").isEmpty)
        // Of an older revision the label as it was then counts.
        var query = RecordQuery.widgets
        query.labels = LabelSelector(matching: ["tier": "silver"])
        query.limit = 1
        try await store.create(Widget("x", labels: ["tier": "silver"]))
        let first = try await store.list(query)
        var moved = try await store.get(Widget.self, named: "x", in: "default")
        moved.metadata.labels = ["tier": "gold"]
        try await store.update(moved)
        query.continuation = first.continuation
        #expect(try await store.list(query).records.map(\.id.name) == ["x"])
    }

    @Test(
        "Label selectors speak the language of Kubernetes",
        arguments: [
            ("", true), ("a=1", true), ("a==1", true), ("a = 1", true), ("a=2", false), ("a!=1", false),
            ("a!=2", true), ("missing!=1", true), ("a", true), ("missing", false), ("!missing", true), ("!a", false),
            ("a in (1,2)", true), ("a in (2, 3)", false), ("a notin (2,3)", true), ("a notin (1)", false),
            ("missing notin (1)", true), ("a in (1),x.io/b=2", true), ("a=1,x.io/b=3", false), ("e=", true),
            ("e in (), a", true), ("a in()", false), ("a\tnotin( 2 ,3 )", true), (" a = 1 , !missing ", true),
            ("x.io/b in (2)", true), ("!x.io/b", false), ("e!=", false), ("missing=", false), ("a in (1,1)", true),
            ("a!=1,a!=2", false), ("a,a=1,a in (1,2),a notin (3),!missing", true),
        ])
    func labelSelectors(text: String, expected: Bool) throws {
        #expect(try LabelSelector(text).matches(["a": "1", "x.io/b": "2", "e": ""]) == expected)
    }

    @Test(
        "A selector that cannot be read is refused with the part that is wrong",
        arguments: [
            "a=b=c", "a in 1", "a near (1)", "=1", "!", "a,,b", "a in (x", "spec foo", "a=$", "a=1,", ",a", "-a", "a-",
            "a=-1", "a=1_", "/a", "x.io/", "a/b/c",
            "X.io/a", "!a=1", "a notin 1", "a in (1) b", "a in (1),(2)", "a=\"1\"",
        ])
    func badSelectors(text: String) {
        let error = #expect(throws: StoreError.self) { try LabelSelector(text) }
        #expect(error?.description.contains("unable to parse the label selector \"\(text)\"") == true)
    }

    @Test(
        "Field selectors speak the language of Kubernetes",
        arguments: [
            ("", true), ("type=a,b", nil), ("type=a\\,b", true), ("type==a\\,b", true), ("type!=a\\,b", false),
            ("type=a,", false), ("reason=x\\=y\\\\", true), ("reason=x=y", nil), ("reason=x\\y", nil),
            ("reason=\\", nil),
            ("involved.name=web(1", true), ("involved.name != web", true), ("missing=", true), ("missing!=", false),
            ("missing=x", false), ("involved=", true), ("=x", nil), ("type", nil), ("type in (a)", nil),
            (" involved.name = web(1 ,", true),
        ] as [(String, Bool?)])
    func fieldSelectors(text: String, expected: Bool?) throws {
        let document: Value = ["type": "a,b", "reason": "x=y\\", "involved": ["name": "web(1"]]
        #expect((try? FieldSelector(text))?.matches(document) == expected)
    }

    @Test("Pages are of one revision, whatever is written between them")
    func pages() async throws {
        let store = try await scratch.open()
        for index in 10..<30 { try await store.create(Widget("w\(index)")) }
        var query = RecordQuery.widgets
        query.limit = 7
        let first = try await store.list(query)
        var names = first.records.map(\.id.name)
        // Everything that can happen to records after the first page: none of it is seen.
        for index in [11, 20, 29] {
            var widget = try await store.get(Widget.self, named: "w\(index)", in: "default")
            for size in 2..<4 {
                widget.spec.size = Int64(size)
                widget = try await store.update(widget)
            }
        }
        try await store.delete(Widget("w25").id)
        try await store.delete(Widget("w29").id)
        try await store.create(Widget("w29", size: 77))
        try await store.create(Widget("w18x"))
        try await store.create(Widget("w18y"))
        try await store.delete(Widget("w18y").id)
        var continuation = first.continuation
        var sizes: Set<Int64> = []
        while let token = continuation {
            let read: ContinueToken = try #require(ContinueToken(token.text))
            query.continuation = read
            let page = try await store.list(query)
            #expect(page.revision == first.revision)
            names += page.records.map(\.id.name)
            for record in page.records { sizes.insert(try record.decoded(as: Widget.self).spec.size) }
            continuation = page.continuation
        }
        #expect(names == (10..<30).map { "w\($0)" })
        #expect(sizes == [1])
    }

    @Test("With selectors too, a page is full when there is more")
    func selectedPages() async throws {
        let store = try await scratch.open()
        for index in 10..<30 { try await store.create(Widget("w\(index)", labels: ["odd": "\(index % 2)"])) }
        var query = RecordQuery(Widget.kind, labels: LabelSelector(matching: ["odd": "1"]))
        query.limit = 4
        var sizes: [Int] = []
        repeat {
            let page = try await store.list(query)
            sizes.append(page.records.count)
            query.continuation = page.continuation
        } while query.continuation != nil
        #expect(sizes == [4, 4, 2])
    }

    @Test("A page whose revision is forgotten is refused")
    func expired() async throws {
        let store = try await scratch.open { $0.historyCount = 32 }
        for index in 10..<14 { try await store.create(Widget("w\(index)")) }
        var query = RecordQuery.widgets
        query.limit = 2
        query.continuation = try await store.list(query).continuation
        var widget = try await store.get(Widget.self, named: "w10", in: "default")
        for size in 2..<100 {
            widget.spec.size = Int64(size)
            widget = try await store.update(widget)
        }
        let error = await #expect(throws: StoreError.self) { try await store.list(query) }
        guard case .expired(5, let oldest)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(oldest > 60)
    }

    @Test("Tokens of other making are refused", arguments: ["", "x", "MTIz", "eAp5Cno="])
    func badTokens(text: String) {
        #expect(ContinueToken(text) == nil)
    }
}
