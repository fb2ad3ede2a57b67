import Crypto
import Inspectors
import Model
import TestSupport
import Testing
import Transport

@testable import Observers

@Suite(.timeLimit(.minutes(10)))
struct HealthObserverTests {
    /// Observes and judges a cluster.
    private func judge(
        _ target: ClusterTarget, timeout: Duration = .seconds(5), _ observer: HealthObserver
    ) async -> (HealthObservation, Judgement) {
        let observation = await observer.observe(target, named: "test", timeout: timeout)
        return (observation, HealthInspector(thresholds: InspectionThresholds()).inspect(observation))
    }

    private func withObserver(_ body: (HealthObserver) async throws -> Void) async throws {
        let engine = HTTPEngine(name: "test")
        defer { engine.shutdown() }
        try await body(HealthObserver(finder: MemberFinder(engine: engine)))
    }

    @Test("Members that serve are healthy, found from one endpoint and dialled each")
    func healthy() async throws {
        try await withRealEtcd(members: 3) { etcd in
            try await withObserver { observer in
                let target = ClusterTarget(endpoints: [etcd.endpoints[1]])
                let (observation, judgement) = await judge(target, observer)
                #expect(judgement.verdict == .healthy, "\(judgement)")
                #expect(observation.members.map(\.name) == ["m0", "m1", "m2"])
                #expect(observation.members.map(\.endpoint) == etcd.endpoints)
            }
        }
    }

    @Test("A killed member is unreachable, a frozen one silent, and both are named")
    func killedAndFrozen() async throws {
        try await withRealEtcd(members: 3) { etcd in
            try await withObserver { observer in
                let target = ClusterTarget(endpoints: etcd.endpoints)
                _ = await judge(target, observer)
                try await etcd.kill(2)
                try await eventually(timeout: .seconds(20)) {
                    let (_, judgement) = await judge(target, observer)
                    return judgement.verdict == .degraded
                        && judgement.findings.contains { $0.code == .memberUnreachable && $0.members == ["m2"] }
                }
                try await etcd.restart(2)
                etcd.pause(0)
                defer { etcd.resume(0) }
                try await eventually(timeout: .seconds(30)) {
                    let (_, judgement) = await judge(target, timeout: .seconds(3), observer)
                    return judgement.findings.contains { $0.code == .memberSilent && $0.members == ["m0"] }
                }
            }
        }
    }

    @Test("Without quorum the verdict is QuorumLost, and without any answer it is Unknown")
    func quorum() async throws {
        try await withRealEtcd(members: 3) { etcd in
            try await withObserver { observer in
                let target = ClusterTarget(endpoints: etcd.endpoints)
                _ = await judge(target, observer)
                try await etcd.kill(0)
                try await etcd.kill(1)
                try await eventually(timeout: .seconds(20)) {
                    await judge(target, timeout: .seconds(3), observer).1.verdict == .quorumLost
                }
                try await etcd.kill(2)
                try await eventually(timeout: .seconds(20)) {
                    await judge(target, timeout: .seconds(3), observer).1.verdict == .unknown
                }
            }
        }
    }

    @Test("A dead cluster costs its deadline and no more")
    func deadline() async throws {
        try await withRealEtcd(members: 1) { etcd in
            try await withObserver { observer in
                let target = ClusterTarget(endpoints: etcd.endpoints)
                etcd.pause(0)
                defer { etcd.resume(0) }
                let start = ContinuousClock.now
                let (_, judgement) = await judge(target, timeout: .seconds(3), observer)
                #expect(ContinuousClock.now - start < .seconds(30))
                #expect(judgement.verdict == .unknown)
            }
        }
    }

    @Test("The alarm NOSPACE is told by Status, without asking for alarms")
    func alarm() async throws {
        try await withRealEtcd(quota: 4 << 20) { etcd in
            try await withObserver { observer in
                let value = String(repeating: "x", count: 100_000)
                for index in 0..<80 {
                    guard (try? await etcd.etcdctl("put", "key-\(index)", value)) != nil else { break }
                }
                let target = ClusterTarget(endpoints: etcd.endpoints, quota: ByteCount(4 << 20))
                try await eventually(timeout: .seconds(20)) {
                    let codes = await judge(target, observer).1.findings.map(\.code)
                    return codes.contains(.alarmNoSpace) && codes.contains(.quotaNearlyUsed)
                }
            }
        }
    }

    @Test("Advertised addresses that cannot be reached are dialled by their mapping")
    func addressTranslation() async throws {
        try await withRealEtcd(members: 1) { etcd in
            try await withObserver { observer in
                let real = etcd.endpoints[0]
                let mapped = real.replacing("127.0.0.1", with: "127.0.0.2")
                // The member listens on 127.0.0.1 only: dialling the mapped address must fail, which shows it was used.
                let target = ClusterTarget(endpoints: [real], endpointMap: [real: mapped])
                let (observation, judgement) = await judge(target, observer)
                #expect(observation.members.map(\.endpoint) == [mapped])
                #expect(judgement.verdict == .unknown)
            }
        }
    }

    @Test("A cluster nobody can name is unknown")
    func nobody() async throws {
        try await withObserver { observer in
            let port = try FreePort.next()
            let (_, judgement) = await judge(
                ClusterTarget(endpoints: ["http://127.0.0.1:\(port)"]), timeout: .seconds(2), observer)
            #expect(judgement.verdict == .unknown)
            #expect(judgement.findings.contains { $0.code == .clusterUnreachable })
        }
    }

    @Test("A certificate that is not trusted, or missing, is refused access, and not a silent member")
    func untrusted() async throws {
        let directory = try TemporaryDirectory("tls")
        let authority = try CertificateAuthority(commonName: "test", lifetime: .seconds(3600))
        let stranger = try CertificateAuthority(commonName: "stranger", lifetime: .seconds(3600))
        let server = try authority.issueServerCertificate(
            commonName: "etcd", hosts: ["127.0.0.1"], lifetime: .seconds(3600))
        let client = try authority.issueClientCertificate(commonName: "client", lifetime: .seconds(3600))
        try writeTextFile(directory.file("ca"), authority.certificatePEM)
        try writeTextFile(directory.file("cert"), server.certificatePEM)
        try writeTextFile(directory.file("key"), server.privateKeyPEM, mode: 0o600)
        try writeTextFile(directory.file("client"), client.certificatePEM)
        try writeTextFile(directory.file("client-key"), client.privateKeyPEM, mode: 0o600)
        let tls = RealEtcd.TLS(
            authority: directory.file("ca"), certificate: directory.file("cert"), key: directory.file("key"),
            client: (directory.file("client"), directory.file("client-key")), requiresClientCertificate: true)
        try await withRealEtcd(tls: tls) { etcd in
            try await withObserver { observer in
                var right = TLSOptions(certificateAuthority: authority.certificatePEM)
                right.clientCertificate = client.certificatePEM
                right.clientKey = client.privateKeyPEM
                var wrongAuthority = right
                wrongAuthority.certificateAuthority = stranger.certificatePEM
                var noCertificate = right
                noCertificate.clientCertificate = nil
                noCertificate.clientKey = nil
                let healthy = await judge(ClusterTarget(endpoints: etcd.endpoints, tls: right), observer).1
                #expect(healthy.verdict == .healthy, "\(healthy)")
                for wrong in [wrongAuthority, noCertificate] {
                    let judgement = await judge(ClusterTarget(endpoints: etcd.endpoints, tls: wrong), observer).1
                    #expect(judgement.verdict == .unknown)
                    let refusal = judgement.findings.first { $0.code == .accessRefused }
                    #expect(refusal?.message.contains("certificate") == true, "\(judgement)")
                }
            }
        }
    }
}
