import Crypto
import TestSupport
import Testing
import Transport

/// TLS with certificates on both sides, and what is said when one of them is wrong.
@Suite(.timeLimit(.minutes(5)))
struct TLSTests {
    @Test("Calls and streams work with certificates on both sides")
    func mutual() async throws {
        let fixture = try TLSFixture()
        try await withRealEtcd(tls: fixture.server) { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let endpoint = try Endpoint(url: etcd.endpoints[0], tls: fixture.client)
            let channel = GRPCChannel(engine: engine, endpoint: endpoint)
            for index in UInt8(0)..<20 {
                _ = try await channel.call(EtcdWire.put, EtcdWire.putRequest("k", [index]))
            }
            let answer = try await channel.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
            #expect(EtcdWire.keyValues(answer).first?.version == 20)
            #expect(engine.statistics.connectionsOpened == 1)
            let run = try await Snapshot.read(channel)
            #expect(run.byteCount == run.announced)
            let http = HTTPClient(engine: engine, endpoint: endpoint)
            #expect(try await http.send(HTTPClientRequest(path: "/version")).text.contains("etcdserver"))
        }
    }

    @Test("A certificate that names another host is accepted under its name and refused without it")
    func serverName() async throws {
        let fixture = try TLSFixture()
        try await withRealEtcd(tls: fixture.server) { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            let url = "https://localhost:\(etcd.members[0].clientPort)"
            var options = fixture.client
            let wrong = GRPCChannel(engine: engine, endpoint: try Endpoint(url: url, tls: options))
            let refused = await wrong.attempt(EtcdWire.range, EtcdWire.rangeRequest("k")).failure
            #expect(refused?.message.contains("check the certificate authority and the server name") == true)
            #expect(refused?.wasSent == .no)
            options.serverName = TLSFixture.serverName
            let right = GRPCChannel(engine: engine, endpoint: try Endpoint(url: url, tls: options))
            _ = try await right.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
            options.serverName = nil
            options.skipsVerification = true
            let careless = GRPCChannel(engine: engine, endpoint: try Endpoint(url: url, tls: options))
            _ = try await careless.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
        }
    }

    @Test("A wrong authority, a missing certificate, a foreign one, a wrong key and plain HTTP each get a sentence")
    func mistakes() async throws {
        let fixture = try TLSFixture()
        let foreign = try TLSFixture()
        try await withRealEtcd(tls: fixture.server) { etcd in
            let engine = HTTPEngine()
            defer { engine.shutdown() }
            var wrongAuthority = fixture.client
            wrongAuthority.certificateAuthority = foreign.client.certificateAuthority
            var noCertificate = fixture.client
            noCertificate.clientCertificate = nil
            noCertificate.clientKey = nil
            var foreignCertificate = foreign.client
            foreignCertificate.certificateAuthority = fixture.client.certificateAuthority
            var wrongKey = fixture.client
            wrongKey.clientKey = foreign.client.clientKey
            var noAuthority = fixture.client
            noAuthority.certificateAuthority = "not a certificate"
            let cases: [(TLSOptions, String)] = [
                (wrongAuthority, "is not trusted: check the certificate authority"),
                (TLSOptions(), "is not trusted: check the certificate authority"),
                (noCertificate, "it may require a client certificate"),
                (foreignCertificate, "or reject the one that was shown"),
                (wrongKey, "belong together"),
                (noAuthority, "certificate authority"),
            ]
            for (options, sentence) in cases {
                let endpoint = try Endpoint(url: etcd.endpoints[0], tls: options)
                let channel = GRPCChannel(engine: engine, endpoint: endpoint)
                let error = await channel.attempt(EtcdWire.put, EtcdWire.putRequest("k", [1])).failure
                #expect(error?.code == .unavailable)
                #expect(error?.message.contains(sentence) == true, "\(error?.description ?? "it worked")")
            }
            let plain = try Endpoint(url: "http://127.0.0.1:\(etcd.members[0].clientPort)")
            let channel = GRPCChannel(engine: engine, endpoint: plain)
            let error = await channel.attempt(EtcdWire.put, EtcdWire.putRequest("k", [1])).failure
            #expect(error?.message.contains("it may expect TLS") == true, "\(error?.description ?? "it worked")")
            let good = GRPCChannel(
                engine: engine, endpoint: try Endpoint(url: etcd.endpoints[0], tls: fixture.client))
            let answer = try await good.call(EtcdWire.range, EtcdWire.rangeRequest("k"))
            #expect(EtcdWire.keyValues(answer).isEmpty, "No wrong client may have written.")
        }
    }
}
