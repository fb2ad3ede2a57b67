import Etcd
import Glibc
import TestSupport
import Testing
import Transport

@Suite(.timeLimit(.minutes(10)))
struct ClusterTests {
    @Test("Members are listed, added, changed and removed", arguments: RealEtcd.availableVersions)
    func membership(_ version: RealEtcd.Version) async throws {
        try await withRealEtcd(version: version) { etcd in
            let client = try etcd.client()
            let list = try await client.memberList()
            let member = try #require(list.members.first)
            #expect(list.members.count == 1)
            #expect(member.id == list.header.memberID)
            #expect(member.name == "m0")
            #expect(member.peerURLs == [etcd.members[0].peerURL])
            #expect(member.clientURLs == etcd.endpoints)
            #expect(try await client.memberList(linearizable: false).members == list.members)

            let peer = "http://127.0.0.1:\(try FreePort.next())"
            let added = try await client.memberAdd(peerURLs: [peer], isLearner: true)
            #expect(added.member.isLearner)
            #expect(added.members.count == 2)
            #expect(await code { try await client.memberAdd(peerURLs: [peer], isLearner: true) } == .memberExists)
            let third = "http://127.0.0.1:\(try FreePort.next())"
            #expect(await code { try await client.memberAdd(peerURLs: [third], isLearner: true) } == .tooManyLearners)
            #expect(
                await code { try await client.memberAdd(peerURLs: ["nonsense"], isLearner: true) } == .invalidPeerURLs)
            #expect(await code { try await client.memberPromote(added.member.id) } == .learnerNotReady)
            #expect(await code { try await client.memberPromote(member.id) } == .notLearner)
            #expect(await code { try await client.memberRemove(42) } == .memberNotFound)
            #expect(try await client.memberRemove(added.member.id).members == list.members)

            let moved = "http://localhost:\(etcd.members[0].peerPort)"
            let updated = try await client.memberUpdate(member.id, peerURLs: [moved])
            #expect(updated.members.first?.peerURLs == [moved])
        }
    }

    @Test("A learner serves what it may, says so about the rest, and is promoted when it is in step")
    func learner() async throws {
        try await withRealEtcd { etcd in
            let client = try etcd.client()
            for index in 0..<50 { try await client.put("k\(index)", "v") }
            let ports = try FreePort.next(2)
            let (clientURL, peerURL) = ("http://127.0.0.1:\(ports[0])", "http://127.0.0.1:\(ports[1])")
            let added = try await client.memberAdd(peerURLs: [peerURL], isLearner: true)
            let process = try await ChildProcess.start(
                "/usr/bin/etcd",
                [
                    "--name", "learner", "--data-dir", "\(etcd.scratchDirectory)/learner",
                    "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL,
                    "--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL,
                    "--initial-cluster", "m0=\(etcd.members[0].peerURL),learner=\(peerURL)",
                    "--initial-cluster-state", "existing", "--logger", "zap", "--log-outputs", "/dev/null",
                ])
            defer { process.signal(SIGKILL) }
            let learner = EtcdClient(engine: sharedEngine, endpoint: try Endpoint(url: clientURL))
            try await eventually("the learner has caught up") {
                try await learner.count(.all, isSerializable: true) == 50
            }
            #expect(try await learner.status().isLearner)
            #expect(await code { try await learner.memberList() } == .learner)
            #expect(await code { try await learner.get("k0") } == .learner)
            #expect(await code { try await learner.put("k", "v") } == .learner)
            // Another member can answer what a learner does not serve.
            let both = EtcdEndpoints(learner, [client])
            #expect(try await both.perform { (client) throws(EtcdError) in try await client.get("k0") } != nil)
            #expect(both.preferred.endpoint == client.endpoint)

            try await eventually("the learner is promoted") {
                try await client.memberPromote(added.member.id).members.allSatisfy { !$0.isLearner }
            }
            try await eventually("the new member serves") { try await learner.get("k0") != nil }
        }
    }
}
