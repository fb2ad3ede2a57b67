import API
import Model
import Store
import TestSupport
import Testing

/// Watches over a real connection.
@Suite(.timeLimit(.minutes(5)))
struct WatchTests {
    /// A watch whose lines are read from the file curl writes them to.
    private final class Watcher {
        private let directory: TemporaryDirectory
        private let process: ChildProcess

        init(_ server: APIServer, _ target: String, accept: String = "application/json") async throws {
            directory = try TemporaryDirectory("watch")
            process = try await ChildProcess.start(
                "/usr/bin/curl",
                [
                    "-sSN", "--noproxy", "*", "-H", "Authorization: Bearer \(APIFixture.token)", "-H",
                    "Accept: \(accept)",
                    "-w", "%{http_code}", "\(server.url)\(target)",
                ], output: directory.file("out"))
        }

        deinit {
            process.signal(9)
        }

        /// The events so far, as soon as there are so many.
        func events(_ count: Int) async throws -> [Value] {
            try await eventually("\(count) events have come") {
                let found = try lines().map { try Value(json: $0) }
                return found.count >= count ? found : nil
            }
        }

        /// All events and the HTTP status of a watch that ends by itself.
        func end() async throws -> (events: [Value], status: String) {
            try await process.waitForExit(timeout: .seconds(10))
            let text = readTextFile(directory.file("out")) ?? ""
            return (try lines().map { try Value(json: $0) }, String(text.suffix(3)))
        }

        private func lines() throws -> [String] {
            let text = readTextFile(directory.file("out")) ?? ""
            return text.split(separator: "\n").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }.map(String.init)
        }
    }

    private static func summary(_ events: [Value]) -> [String] {
        events.map { "\($0["type"]?.string ?? "") \($0[path: "object", "metadata", "name"]?.string ?? "")" }
    }

    @Test("Without a version a watch begins with what there is", arguments: ["", "&resourceVersion=0"])
    func present(query: String) async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.secrets, Sample.secret("a"))
        try await api.serving { server in
            let watcher = try await Watcher(server, "\(Sample.secrets)?watch=true\(query)")
            _ = try await watcher.events(1)
            _ = try await api.call("POST", Sample.secrets, Sample.secret("b"))
            _ = try await api.call("PUT", "\(Sample.secrets)/a", Sample.secret("a", ["data": ["x": "eA=="]]))
            _ = try await api.call("DELETE", "\(Sample.secrets)/b")
            let events = try await watcher.events(4)
            #expect(Self.summary(events) == ["ADDED a", "ADDED b", "MODIFIED a", "DELETED b"])
            let revisions = events.compactMap {
                $0[path: "object", "metadata", "resourceVersion"]?.string.flatMap(Int.init)
            }
            #expect(revisions.count == 4 && revisions == revisions.sorted())
        }
    }

    @Test("From a version a watch tells what came after it, also what came before it was opened")
    func fromVersion() async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.secrets, Sample.secret("a"))
        let list = try await api.call("GET", Sample.secrets).json
        let version = try #require(list[path: "metadata", "resourceVersion"]?.string)
        _ = try await api.call("POST", Sample.secrets, Sample.secret("b"))
        try await api.serving { server in
            let watcher = try await Watcher(server, "\(Sample.secrets)?watch=True&resourceVersion=\(version)")
            _ = try await watcher.events(1)
            _ = try await api.call("POST", Sample.secrets, Sample.secret("c"))
            #expect(Self.summary(try await watcher.events(2)) == ["ADDED b", "ADDED c"])
        }
    }

    @Test("A record that enters or leaves the selection is told as added or deleted")
    func selection() async throws {
        let api = try await APIFixture()
        let merge = "application/merge-patch+json"
        _ = try await api.call("POST", Sample.secrets, Sample.secret("a"))
        try await api.serving { server in
            let watcher = try await Watcher(
                server,
                "\(Sample.secrets)?watch=1&labelSelector=tier%3Dgold&allowWatchBookmarks=true&sendInitialEvents=true"
                    + "&resourceVersionMatch=NotOlderThan")
            let first = try #require(try await watcher.events(1).first)
            #expect(first["type"] == "BOOKMARK")
            #expect(first[path: "object", "metadata", "annotations", "k8s.io/initial-events-end"] == "true")
            for tier: Value in ["gold", nil] {
                let patch: Value = ["metadata": ["labels": ["tier": tier]]]
                _ = try await api.call("PATCH", "\(Sample.secrets)/a", patch, type: merge)
            }
            #expect(Self.summary(try await watcher.events(3)).dropFirst() == ["ADDED a", "DELETED a"])
        }
    }

    @Test("A watch of tables describes the columns once")
    func tables() async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.secrets, Sample.secret("a"))
        try await api.serving { server in
            let watcher = try await Watcher(
                server, "\(Sample.secrets)?watch=true", accept: "application/json;as=Table;v=v1;g=meta.k8s.io")
            _ = try await api.call("POST", Sample.secrets, Sample.secret("b"))
            let events = try await watcher.events(2)
            #expect(events.map { $0[path: "object", "kind"] } == ["Table", "Table"])
            #expect(events[0][path: "object", "columnDefinitions"]?.array?.isEmpty == false)
            #expect(events[1][path: "object", "columnDefinitions"] == .null)
            #expect(events[1][path: "object", "rows"]?.array?.first?["cells"]?.array?.first == "b")
        }
    }

    @Test("A watch ends in good order when its time is up")
    func timeout() async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.secrets, Sample.secret("a"))
        try await api.serving { server in
            let watcher = try await Watcher(server, "\(Sample.secrets)?watch=true&timeoutSeconds=1")
            let ended = try await watcher.end()
            #expect(Self.summary(ended.events) == ["ADDED a"] && ended.status == "200")
        }
    }

    @Test("A version the history does not reach is answered 410 before the stream begins")
    func expired() async throws {
        let directory = try TemporaryDirectory("small")
        var options = StoreOptions(directory: directory.path)
        options.historyCount = 16
        let first = try await RecordStore.open(options)
        for index in 0..<60 {
            var secret = Secret()
            secret.metadata = ObjectMeta(name: "s\(index)")
            try await first.create(secret)
        }
        // A store that was opened anew has no changes in memory, only those in its history.
        await first.close()
        let api = try await APIFixture(store: try await RecordStore.open(options))
        try await api.serving { server in
            let ended = try await Watcher(server, "\(Sample.secrets)?watch=true&resourceVersion=2").end()
            #expect(ended.status == "410")
            let refusal = try #require(ended.events.first)
            #expect(refusal["kind"] == "Status" && refusal["reason"] == "Expired")
            #expect(refusal["message"]?.string?.hasPrefix("too old resource version: 2 (") == true)
        }
    }

    @Test(
        "A watch that cannot be meant is refused",
        arguments: [
            "resourceVersion=banana", "resourceVersion=-1", "timeoutSeconds=soon", "resourceVersionMatch=Exact",
        ])
    func refused(query: String) async throws {
        let api = try await APIFixture()
        let answer = try await api.call("GET", "\(Sample.secrets)?watch=true&\(query)")
        #expect(answer.status == 400, "\(answer.text)")
    }

    @Test("All watches end when the server stops, and none is left when their clients go")
    func stop() async throws {
        let api = try await APIFixture()
        let watchers = try await api.serving { server in
            let gone = try await Watcher(server, "\(Sample.secrets)?watch=true")
            try await eventually("the watch is open") { await api.openWatches == 1 }
            withExtendedLifetime(gone) {}
            _ = consume gone
            try await eventually("the watch is forgotten") { await api.openWatches == 0 }
            var watchers: [Watcher] = []
            for _ in 0..<5 { watchers.append(try await Watcher(server, "\(Sample.secrets)?watch=true")) }
            try await eventually("all watches are open") { await api.openWatches == 5 }
            return watchers
        }
        for watcher in watchers {
            #expect(try await watcher.end().status == "200")
        }
    }
}
