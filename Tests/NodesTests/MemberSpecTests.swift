import Nodes
import Testing

@Suite("How a member is started")
struct MemberSpecTests {
    private func spec(_ change: (inout MemberSpec) -> Void = { _ in }) throws -> MemberSpec {
        var spec = MemberSpec(
            identity: MemberIdentity(cluster: "team/orders", clusterUID: "u", incarnation: "tok-1", member: "orders-0"),
            binary: "/usr/bin/etcd", directory: try MemberDirectory("/data/orders-0"),
            clientURL: "http://127.0.0.1:21000", peerURL: "http://127.0.0.1:21001",
            initialCluster: [
                .init(name: "orders-0", url: "http://127.0.0.1:21001"),
                .init(name: "orders-1", url: "http://127.0.0.1:21003"),
            ], quotaBytes: 1 << 30, extraArguments: ["snapshot-count": "5000", "auto-compaction-retention": "1h"])
        change(&spec)
        return spec
    }

    @Test("The arguments are exactly these, extra ones in order at the end")
    func arguments() throws {
        #expect(
            try spec().arguments() == [
                "--name=orders-0", "--data-dir=/data/orders-0/data", "--listen-client-urls=http://127.0.0.1:21000",
                "--advertise-client-urls=http://127.0.0.1:21000", "--listen-peer-urls=http://127.0.0.1:21001",
                "--initial-advertise-peer-urls=http://127.0.0.1:21001",
                "--initial-cluster=orders-0=http://127.0.0.1:21001,orders-1=http://127.0.0.1:21003",
                "--initial-cluster-token=tok-1", "--initial-cluster-state=new", "--logger=zap", "--log-outputs=stderr",
                "--quota-backend-bytes=1073741824", "--auto-compaction-retention=1h", "--snapshot-count=5000",
            ])
    }

    @Test(
        "A reserved flag is refused by its name, however it is written",
        arguments: [
            "name", "data-dir", "--data-dir", "-data-dir", "data-dir=/x", "wal-dir", "listen-client-urls",
            "listen-metrics-urls", "advertise-client-urls", "initial-cluster", "initial-cluster-token",
            "initial-advertise-peer-urls", "force-new-cluster", "config-file", "log-outputs", "logger", "cert-file",
            "key-file", "trusted-ca-file", "client-cert-auth", "peer-cert-file", "peer-auto-tls", "auto-tls",
            "quota-backend-bytes", "discovery-srv", "proxy", "strict-reconfig-check", "unsafe-no-fsync",
            "enable-log-rotation", "next-cluster-version-compatible",
        ])
    func reserved(flag: String) throws {
        let error = try #require(throws: NodeError.self) {
            try spec { $0.extraArguments = [flag: "x"] }.arguments()
        }
        guard case .reservedFlag(let member, let named, _) = error else {
            Issue.record("not a reserved flag: \(error)")
            return
        }
        #expect(named == flag)
        #expect(member == "orders-0 of team/orders")
        #expect(error.description.contains("--\(flag) cannot be given, because "))
    }

    struct Refusal: Sendable {
        var words: String
        var change: @Sendable (inout MemberSpec) -> Void

        init(_ words: String, _ change: @escaping @Sendable (inout MemberSpec) -> Void) {
            (self.words, self.change) = (words, change)
        }
    }

    static let refusals: [Refusal] = [
        Refusal("is empty") { $0.identity.member = "" },
        Refusal("holds more than") { $0.identity.member = "a,b" },
        Refusal("no incarnation") { $0.identity.incarnation = "" },
        Refusal("not an absolute path") { $0.binary = "etcd" },
        Refusal("is not one http or https URL") { $0.clientURL = "127.0.0.1:1" },
        Refusal("are both") { $0.clientURL = $0.peerURL },
        Refusal("does not list it") { $0.initialCluster.removeFirst() },
        Refusal("twice") { $0.initialCluster.append($0.initialCluster[1]) },
        Refusal("not positive") { $0.quotaBytes = 0 },
        Refusal("is not a flag's name") { $0.extraArguments = ["Snapshot Count": "1"] },
        Refusal("control character") { $0.extraArguments = ["snapshot-count": "1\n2"] },
    ]

    @Test("What cannot be given to etcd is refused with the reason", arguments: refusals)
    func invalid(refusal: Refusal) throws {
        let error = try #require(throws: NodeError.self) { try spec(refusal.change).arguments() }
        guard case .invalidSpec = error else {
            Issue.record("not an invalid spec: \(error)")
            return
        }
        #expect(error.description.contains(refusal.words))
    }

    @Test("A home is an absolute, plain path", arguments: ["data", "/a/../b", "/a/./b", "/", "", "/a\nb"])
    func directory(path: String) {
        #expect(throws: NodeError.self) { try MemberDirectory(path) }
    }

    @Test("A home's path is kept in one form")
    func plainPath() throws {
        #expect(try MemberDirectory("//data//m0/").path == "/data/m0")
    }
}
