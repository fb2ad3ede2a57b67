import Crypto
import Model
import TestSupport
import Testing
import Transport

@testable import Etcd

@Suite(.enabled(if: RealEtcd.isAvailable(.v3_4)), .timeLimit(.minutes(10)))
struct LegacyClientTests {
    private func client(_ etcd: RealEtcd, _ credentials: EtcdCredentials? = nil) throws -> LegacyClient {
        LegacyClient(
            engine: sharedEngine, try Endpoint(url: etcd.endpoints[0]), credentials: credentials)
    }

    private func code<Result>(_ call: () async throws -> Result) async -> LegacyError.Code? {
        do {
            _ = try await call()
            return nil
        } catch {
            return (error as? LegacyError)?.code
        }
    }

    @Test("Nodes, directories, odd names and values are read as they are; hidden ones only by name")
    func reading() async throws {
        try await withRealEtcd(extraArguments: LegacyStore.arguments) { etcd in
            let store = try LegacyStore(engine: sharedEngine, url: etcd.endpoints[0])
            let client = try client(etcd)
            try await store.put("/a/x", "1")
            try await store.put("/a/_secret/y", "\"2\"\u{0}\u{2028}<&>")
            try await store.put("/a/sub/z", "3", ("ttl", "1000"))
            try await store.put("/we%20ird%2525/%C3%A9", "4")
            try await store.put("/binary", bytes: [0x61, 0xFF, 0xFE, 0x62])
            try await store.touch("/empty", ("dir", "true"))

            let root = try await client.get(.root)
            #expect(root.node.isDirectory)
            #expect(Set(root.node.children.map(\.path)) == ["/a", "/binary", "/empty", "/we ird%25"])
            #expect(try await client.index().index == root.index)
            #expect(try await client.index(isQuorum: true).clusterID == root.clusterID)
            #expect(try await client.get("/a").node.children.map(\.path).count == 2)
            let whole = try await client.get("/a", isQuorum: true, isRecursive: true)
            #expect(!whole.node.children.contains { $0.path == "/a/_secret" })
            #expect(try await client.get("/a/_secret").node.children.map(\.path) == ["/a/_secret/y"])
            let hidden = try await client.get("/a/_secret/y").node
            #expect(hidden.value == bytes("\"2\"\u{0}\u{2028}<&>"))
            #expect(try await client.get("/we ird%25/\u{E9}").node.value == bytes("4"))
            // The API itself cannot show these bytes.
            #expect(try await client.get("/binary").node.value?.containsReplacement == true)
            let timed = try #require(try await client.get("/a/sub/z").node.expiration)
            #expect((900...1_001).contains(timed.secondsSinceEpoch - client.clock.now.secondsSinceEpoch))
            #expect(await code { try await client.get("/absent") } == .keyNotFound)
        }
    }

    @Test("A stream leaves hidden nodes and renewals out, and the history shows the hidden ones")
    func watching() async throws {
        try await withRealEtcd(extraArguments: LegacyStore.arguments) { etcd in
            let store = try LegacyStore(engine: sharedEngine, url: etcd.endpoints[0])
            let client = try client(etcd)
            let watch = try await client.changes()
            let start = watch.index
            #expect(try await client.historyEvent(from: start + 1, grace: .milliseconds(60)).event == nil)
            try await store.put("/a", "1", ("ttl", "60"))
            try await store.put("/_b", "2")
            try await store.touch("/a", ("ttl", "90"), ("refresh", "true"), ("prevExist", "true"))
            try await store.delete("/a")
            var seen: [LegacyEvent] = []
            while seen.count < 2 { seen += try #require(try await watch.nextBatch()) }
            #expect(seen.map(\.action) == [.set, .delete])
            #expect(seen.map(\.index) == [start + 1, start + 4])
            #expect(seen[1].previous?.value == bytes("1"))
            let hidden = try await client.knownEvent(from: start + 2)
            #expect(hidden.node.path == "/_b")
            #expect(try await client.knownEvent(from: start + 3).index == start + 4)
            let (none, index) = try await client.historyEvent(from: start + 5, grace: .milliseconds(60))
            #expect(none == nil)
            #expect(index == start + 4)
        }
    }

    @Test("A history that has moved on, a store that is not served and a user that may not are told apart")
    func refusals() async throws {
        try await withRealEtcd { etcd in
            #expect(await code { try await client(etcd).index() } == .disabled)
        }
        try await withRealEtcd(extraArguments: LegacyStore.arguments) { etcd in
            let store = try LegacyStore(engine: sharedEngine, url: etcd.endpoints[0])
            for number in 0..<1_010 { try await store.put("/flood", "\(number)") }
            #expect(await code { try await client(etcd).knownEvent(from: 3) } == .indexCleared)
            #expect(
                await code { try await client(etcd).historyEvent(from: 3, grace: .milliseconds(60)) } == .indexCleared)

            try await store.enableAuthentication(password: "s3cret")
            let root = try client(etcd, EtcdCredentials(user: "root", password: "s3cret"))
            #expect(try await root.get("/flood").node.value == bytes("1009"))
            let wrong = try client(etcd, EtcdCredentials(user: "root", password: "wrong"))
            #expect(await code { try await wrong.get("/flood") } == .unauthorized)
        }
        let nobody = LegacyClient(
            engine: sharedEngine, try Endpoint(url: "http://127.0.0.1:\(try FreePort.next())"))
        #expect(await code { try await nobody.index() } == .unavailable)
    }

    @Test("TLS with a certificate of the client's own is spoken as with the v3 API")
    func tls() async throws {
        let directory = try TemporaryDirectory("tls")
        let authority = try CertificateAuthority(commonName: "test", lifetime: .seconds(3600))
        let server = try authority.issueServerCertificate(
            commonName: "etcd", hosts: ["127.0.0.1"], lifetime: .seconds(3600))
        let own = try authority.issueClientCertificate(commonName: "client", lifetime: .seconds(3600))
        try writeTextFile(directory.file("ca"), authority.certificatePEM)
        try writeTextFile(directory.file("cert"), server.certificatePEM)
        try writeTextFile(directory.file("key"), server.privateKeyPEM, mode: 0o600)
        let files = RealEtcd.TLS(
            authority: directory.file("ca"), certificate: directory.file("cert"), key: directory.file("key"),
            requiresClientCertificate: true)
        try await withRealEtcd(tls: files, extraArguments: LegacyStore.arguments) { etcd in
            var options = TLSOptions(certificateAuthority: authority.certificatePEM)
            let nobody = LegacyClient(engine: sharedEngine, try Endpoint(url: etcd.endpoints[0], tls: options))
            #expect(await code { try await nobody.index() } == .unavailable)
            options.clientCertificate = own.certificatePEM
            options.clientKey = own.privateKeyPEM
            let client = LegacyClient(engine: sharedEngine, try Endpoint(url: etcd.endpoints[0], tls: options))
            let watch = try await client.changes()
            #expect(try await client.get(.root).node.children.isEmpty)
            #expect(try await client.index().clusterID == watch.clusterID)
        }
    }

    @Test("Another member answers when the first one is gone")
    func failover() async throws {
        try await withRealEtcd(extraArguments: LegacyStore.arguments) { etcd in
            let store = try LegacyStore(engine: sharedEngine, url: etcd.endpoints[0])
            try await store.put("/a", "1")
            let gone = try Endpoint(url: "http://127.0.0.1:\(try FreePort.next())")
            let client = LegacyClient(engine: sharedEngine, gone, [try Endpoint(url: etcd.endpoints[0])])
            #expect(try await client.get("/a").node.value == bytes("1"))
            #expect(client.preferred == etcd.endpoints[0])
        }
    }
}
