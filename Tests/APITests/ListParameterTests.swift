import API
import Model
import Store
import TestSupport
import Testing

/// `limit`, `continue`, `resourceVersion` and `resourceVersionMatch` of lists, as Kubernetes has them.
@Suite(.timeLimit(.minutes(5)))
struct ListParameterTests {
    private static func names(_ list: APIFixture.Answer) -> [String] {
        (list.json["items"]?.array ?? []).compactMap { $0[path: "metadata", "name"]?.string }
    }

    private static func version(_ list: APIFixture.Answer) -> String {
        list.json[path: "metadata", "resourceVersion"]?.string ?? ""
    }

    /// A server with secrets `a`, `b` and `c`, the version after `b`, and that after `c` was changed.
    private func fixture() async throws -> (api: APIFixture, middle: String, newest: String) {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.secrets, Sample.secret("a"))
        _ = try await api.call("POST", Sample.secrets, Sample.secret("b"))
        let middle = Self.version(try await api.call("GET", Sample.secrets))
        _ = try await api.call("POST", Sample.secrets, Sample.secret("c"))
        _ = try await api.call("PUT", "\(Sample.secrets)/c", Sample.secret("c", ["data": ["x": "eA=="]]))
        return (api, middle, Self.version(try await api.call("GET", Sample.secrets)))
    }

    @Test(
        "Which state a list is of",
        arguments: [
            ("", true), ("resourceVersion=0", true), ("resourceVersion=MIDDLE", true),
            ("resourceVersion=MIDDLE&resourceVersionMatch=NotOlderThan", true),
            ("resourceVersion=MIDDLE&resourceVersionMatch=NotOlderThan&limit=9", true),
            ("resourceVersion=0&resourceVersionMatch=NotOlderThan", true), ("resourceVersion=0&limit=9", true),
            ("resourceVersion=MIDDLE&resourceVersionMatch=Exact", false), ("resourceVersion=MIDDLE&limit=9", false),
            ("resourceVersion=NEWEST&resourceVersionMatch=Exact", true),
        ])
    func state(query: String, isNewest: Bool) async throws {
        let (api, middle, newest) = try await fixture()
        let text = query.replacing("MIDDLE", with: middle).replacing("NEWEST", with: newest)
        let list = try await api.call("GET", "\(Sample.secrets)?\(text)")
        #expect(list.status == 200, "\(list.text)")
        #expect(Self.names(list) == (isNewest ? ["a", "b", "c"] : ["a", "b"]))
        #expect(Self.version(list) == (isNewest ? newest : middle))
    }

    @Test(
        "What cannot be meant is refused as Kubernetes refuses it",
        arguments: [
            ("resourceVersionMatch=Exact", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
            ("resourceVersion=5&resourceVersionMatch=Newest", 422, "supported values: \"Exact\", \"NotOlderThan\""),
            ("resourceVersion=0&resourceVersionMatch=Exact", 422, "is forbidden for resourceVersion \"0\""),
            ("continue=TOKEN&resourceVersionMatch=Exact&resourceVersion=1", 422, "forbidden when continue is provided"),
            ("continue=TOKEN&resourceVersion=1", 400, "specifying resource version is not allowed when using continue"),
            ("continue=rubbish", 400, "continue key is not valid"), ("resourceVersion=banana", 400, "banana"),
            ("sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list"),
            ("resourceVersion=99999", 410, "resourceVersion 99999 is newer than all there is"),
            ("limit=x", 400, "limit"),
        ])
    func refused(query: String, status: Int, words: String) async throws {
        let (api, _, _) = try await fixture()
        let page = try await api.call("GET", "\(Sample.secrets)?limit=1")
        let token = try #require(page.json[path: "metadata", "continue"]?.string)
        let answer = try await api.call("GET", "\(Sample.secrets)?\(query.replacing("TOKEN", with: token))")
        #expect(answer.status == status && answer.message.contains(words), "\(answer.text)")
        if status == 422 {
            #expect(answer.json[path: "details", "kind"] == "ListOptions")
            #expect(answer.json[path: "details", "causes"]?.array?.count == 1)
        }
    }

    @Test("Pages tell how many records follow, unless selectors would have to be asked", arguments: [false, true])
    func remaining(isTable: Bool) async throws {
        let api = try await APIFixture()
        for index in 0..<7 { _ = try await api.call("POST", Sample.secrets, Sample.secret("s\(index)")) }
        let headers = isTable ? ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"] : [:]
        var query = "limit=3"
        var counts: [Int64?] = []
        while true {
            let page = try await api.call("GET", "\(Sample.secrets)?\(query)", headers: headers)
            counts.append(page.json[path: "metadata", "remainingItemCount"]?.integer)
            guard let token = page.json[path: "metadata", "continue"]?.string else { break }
            // What comes after the first page is neither listed nor counted.
            _ = try await api.call("POST", Sample.secrets, Sample.secret("t\(counts.count)"))
            query = "limit=3&resourceVersion=0&continue=\(token)"
        }
        #expect(counts == [4, 1, nil])
        let selected = try await api.call("GET", "\(Sample.secrets)?limit=3&labelSelector=!x")
        #expect(selected.json[path: "metadata", "continue"] != nil)
        #expect(selected.json[path: "metadata", "remainingItemCount"] == nil)
        let whole = try await api.call("GET", "\(Sample.secrets)?limit=9")
        #expect(
            whole.json[path: "metadata", "continue"] == nil && whole.json[path: "metadata", "remainingItemCount"] == nil
        )
    }

    @Test("A token whose state is forgotten is refused with one that goes on in the present")
    func expired() async throws {
        let directory = try TemporaryDirectory("small")
        var options = StoreOptions(directory: directory.path)
        options.historyCount = 16
        let api = try await APIFixture(store: try await RecordStore.open(options))
        for index in 0..<6 { _ = try await api.call("POST", Sample.secrets, Sample.secret("a\(index)")) }
        let first = try await api.call("GET", "\(Sample.secrets)?limit=4")
        let old = Self.version(first)
        let token = try #require(first.json[path: "metadata", "continue"]?.string)
        for index in 0..<60 { _ = try await api.call("POST", Sample.secrets, Sample.secret("b\(index)")) }
        let refused = try await api.call("GET", "\(Sample.secrets)?limit=4&continue=\(token)")
        #expect(refused.status == 410 && refused.reason == "Expired")
        #expect(refused.message.hasPrefix("The provided continue parameter is too old to display a consistent list"))
        let onward = try #require(refused.json[path: "metadata", "continue"]?.string)
        let second = try await api.call("GET", "\(Sample.secrets)?limit=4&continue=\(onward)")
        #expect(Self.names(second) == ["a4", "a5", "b0", "b1"])
        #expect(Self.version(second) == "\(api.store.revision)")
        // From there on the pages are of one state again.
        let third = try #require(second.json[path: "metadata", "continue"]?.string)
        _ = try await api.call("POST", Sample.secrets, Sample.secret("b10x"))
        let last = try await api.call("GET", "\(Sample.secrets)?limit=3&continue=\(third)")
        #expect(Self.names(last) == ["b10", "b11", "b12"] && Self.version(last) == Self.version(second))
        let exact = try await api.call("GET", "\(Sample.secrets)?resourceVersion=\(old)&resourceVersionMatch=Exact")
        #expect(exact.status == 410 && exact.message == "The resourceVersion for the provided list is too old.")
        #expect(exact.json[path: "metadata", "continue"] == nil)
    }

    @Test("A list holds what single records say, in memory or not, as documents and as tables")
    func sameAsSingle() async throws {
        let api = try await APIFixture()
        for index in 0..<30 {
            _ = try await api.call("POST", Sample.clusters, Sample.cluster("c\(100 + index)"))
        }
        let accept = ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]
        for round in 0..<3 {
            let list = try await api.call("GET", Sample.clusters).json["items"]?.array ?? []
            let rows =
                try await api.call("GET", "\(Sample.clusters)?includeObject=Object", headers: accept)
                .json["rows"]?.array ?? []
            #expect(list.count == 30 && rows.count == 30)
            for (item, row) in zip(list, rows) {
                let name = item[path: "metadata", "name"]?.string ?? ""
                #expect(try await api.call("GET", "\(Sample.clusters)/\(name)").json == item)
                #expect(row["object"] == item)
                let single = try await api.call("GET", "\(Sample.clusters)/\(name)", headers: accept).json
                let cells = single["rows"]?.array?.first?["cells"]?.array ?? []
                // The age may have passed a second in between.
                #expect(cells.count == row["cells"]?.array?.count && cells.prefix(6) == row["cells"]?.array?.prefix(6))
            }
            let patch: Value = ["spec": ["size": .integer(Int64([1, 5, 7][round]))]]
            _ = try await api.call("PATCH", "\(Sample.clusters)/c105", patch, type: "application/merge-patch+json")
            _ = try await api.call("DELETE", "\(Sample.clusters)/c1\(20 + round)")
            _ = try await api.call("POST", Sample.clusters, Sample.cluster("c1\(20 + round)"))
        }
    }
}
