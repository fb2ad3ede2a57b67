import API
import Glibc
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

        /// Stops reading, or goes on.
        func pause(_ isPaused: Bool) {
            process.signal(isPaused ? SIGSTOP : SIGCONT)
        }

        /// The names in the events so far, without parsing them.
        func names() throws -> [String] {
            try lines().compactMap { line in
                guard !line.hasPrefix("{\"type\":\"ERROR\""), let start = line.firstRange(of: "\"name\":\"") else {
                    return nil
                }
                return String(line[start.upperBound...].prefix { $0 != "\"" })
            }
        }

        /// The last event of a watch that ends by itself.
        func lastEvent() async throws -> Value {
            try await process.waitForExit(timeout: .seconds(30))
            return try Value(json: try lines().last ?? "")
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
            try await process.waitForExit(timeout: .seconds(120))
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

    @Test("A reader that stops is told that the history went on without it; another one misses nothing")
    func slowReader() async throws {
        let directory = try TemporaryDirectory("slow")
        var options = StoreOptions(directory: directory.path)
        options.historyCount = 64
        let api = try await APIFixture(store: try await RecordStore.open(options))
        try await api.serving { server in
            let slow = try await Watcher(server, "\(Sample.secrets)?watch=true")
            let quick = try await Watcher(server, "\(Sample.secrets)?watch=true")
            _ = try await api.call("POST", Sample.secrets, Sample.secret("first"))
            _ = try await slow.events(1)
            _ = try await quick.events(1)
            slow.pause(true)
            // More than the kernel keeps for a connection that is not read from, and the stream's own queue.
            var large = Secret()
            large.data = ["x": Base64.encode([UInt8](repeating: 7, count: 75_000))]
            for index in 0..<60 {
                large.metadata = ObjectMeta(name: "l\(index)")
                try await api.store.create(large)
            }
            // More than the changes that are kept in memory.
            try await withThrowingDiscardingTaskGroup { group in
                for index in 0..<1_100 {
                    group.addTask { try await api.store.create(Namespace(name: "n\(index)")) }
                }
            }
            _ = try await api.call("POST", Sample.secrets, Sample.secret("last"))
            let told = try await eventually("the other one was told everything", timeout: .seconds(30)) {
                let names = try quick.names()
                return names.last == "last" ? names : nil
            }
            #expect(told == ["first"] + (0..<60).map { "l\($0)" } + ["last"])
            slow.pause(false)
            let refusal = try await slow.lastEvent()
            #expect(refusal["type"] == "ERROR" && refusal[path: "object", "kind"] == "Status")
            #expect(refusal[path: "object", "reason"] == "Expired" && refusal[path: "object", "code"] == 410)
            #expect(refusal[path: "object", "message"]?.string?.hasPrefix("too old resource version: ") == true)
            // What it was told before that has no gap.
            let names = try slow.names()
            #expect(names == Array(told.prefix(names.count)) && names.count < told.count)
        }
    }

    @Test(
        "Bookmarks come only where they were asked for",
        arguments: [
            ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", ["ADDED a", "ADDED b"]),
            (
                "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
                ["ADDED a", "BOOKMARK ", "ADDED b"]
            ),
            ("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", ["ADDED b"]),
            ("allowWatchBookmarks=true", ["ADDED a", "ADDED b"]),
            ("allowWatchBookmarks=false&resourceVersion=0", ["ADDED a", "ADDED b"]),
        ])
    func bookmarks(query: String, expected: [String]) async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.secrets, Sample.secret("a"))
        try await api.serving { server in
            let watcher = try await Watcher(server, "\(Sample.secrets)?watch=true&\(query)&timeoutSeconds=5")
            try await eventually("the watch is open") { await api.openWatches == 1 }
            if expected.count > 1 { _ = try await watcher.events(expected.count - 1) }
            _ = try await api.call("POST", Sample.secrets, Sample.secret("b"))
            #expect(Self.summary(try await watcher.end().events) == expected)
        }
    }

    @Test("Watches of the same records in different forms and selections are each told their own")
    func forms() async throws {
        let api = try await APIFixture()
        _ = try await api.call("POST", Sample.secrets, Sample.secret("a", ["metadata": ["labels": ["tier": "gold"]]]))
        try await api.serving { server in
            let table = "application/json;as=Table;v=v1;g=meta.k8s.io"
            let quiet = "watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan"
            let watchers = [
                try await Watcher(server, "\(Sample.secrets)?\(quiet)"),
                try await Watcher(server, "\(Sample.secrets)?\(quiet)", accept: table),
                try await Watcher(server, "\(Sample.secrets)?\(quiet)&includeObject=Object", accept: table),
                try await Watcher(server, "\(Sample.secrets)?\(quiet)&labelSelector=tier%3Dgold"),
                try await Watcher(server, "\(Sample.secrets)?\(quiet)&labelSelector=tier%21%3Dgold"),
            ]
            try await eventually("all watches are open") { await api.openWatches == watchers.count }
            let merge = "application/merge-patch+json"
            for tier: Value in ["gold", "silver"] {
                let patch: Value = ["metadata": ["labels": ["tier": tier], "annotations": ["x": tier]]]
                _ = try await api.call("PATCH", "\(Sample.secrets)/a", patch, type: merge)
            }
            var types: [[String]] = []
            for (watcher, count) in zip(watchers, [2, 2, 2, 2, 1]) {
                types.append(try await watcher.events(count).map { $0["type"]?.string ?? "" })
            }
            #expect(
                types == [
                    ["MODIFIED", "MODIFIED"], ["MODIFIED", "MODIFIED"], ["MODIFIED", "MODIFIED"],
                    ["MODIFIED", "DELETED"], ["ADDED"],
                ])
            let object = try await watchers[0].events(2)[1]["object"]
            #expect(object?["kind"] == "Secret" && object?[path: "metadata", "labels", "tier"] == "silver")
            let row = try await watchers[1].events(2)[1][path: "object", "rows"]?.array?.first
            #expect(row?[path: "object", "kind"] == "PartialObjectMetadata")
            let whole = try await watchers[2].events(2)[1][path: "object", "rows"]?.array?.first
            #expect(whole?["object"] == object)
            // What left the selection is told as it was when it was in it, with the version of the change.
            let left = try await watchers[3].events(2)[1]["object"]
            #expect(left?[path: "metadata", "labels", "tier"] == "gold")
            #expect(left?[path: "metadata", "resourceVersion"] == object?[path: "metadata", "resourceVersion"])
            #expect(try await watchers[4].events(1)[0]["object"] == object)
        }
    }

    @Test(
        "A watch that cannot be meant is refused as Kubernetes refuses it",
        arguments: [
            ("resourceVersionMatch=Exact", "forbidden for watch unless sendInitialEvents is provided"),
            ("resourceVersionMatch=NotOlderThan&resourceVersion=1", "forbidden for watch unless sendInitialEvents"),
            ("sendInitialEvents=true", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
            ("sendInitialEvents=true&resourceVersionMatch=Exact", "supported values: \"NotOlderThan\""),
        ])
    func badOptions(query: String, words: String) async throws {
        let api = try await APIFixture()
        let answer = try await api.call("GET", "\(Sample.secrets)?watch=true&\(query)")
        #expect(answer.status == 422 && answer.message.contains(words), "\(answer.text)")
    }

    @Test(
        "A watch that cannot be meant is refused",
        arguments: [
            "resourceVersion=banana", "resourceVersion=-1", "timeoutSeconds=soon",
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
