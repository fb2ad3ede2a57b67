import Glibc
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct RealEtcdTests {
    @Test(
        "A cluster of each release starts, takes a write, and leaves no process", arguments: RealEtcd.availableVersions)
    func starts(version: RealEtcd.Version) async throws {
        let pid = try await withRealEtcd(version: version) { etcd in
            try await etcd.etcdctl("put", "a", "b")
            #expect(try await etcd.etcdctl("get", "a", "--print-value-only") == "b\n")
            return try #require(etcd.members[0].pid)
        }
        #expect(Glibc.kill(pid, 0) == -1)
    }

    @Test("A member can be killed, restarted, paused and resumed")
    func faults() async throws {
        try await withRealEtcd(members: 3) { etcd in
            try await etcd.kill(0)
            await #expect(throws: (any Error).self) { try await etcd.isHealthy(0) }
            try await etcd.restart(0)
            etcd.pause(1)
            try await eventually("the other two elect a leader and take a write", timeout: .seconds(30)) {
                try await etcd.etcdctl("put", "k", "v", endpoint: 2) == "OK\n"
            }
            etcd.resume(1)
            try await etcd.waitUntilHealthy()
        }
    }

    @Test("A flag that etcd does not know fails the start at once and shows its log")
    func startFailure() async throws {
        let error = try await #require(throws: TestSupportError.self) {
            try await RealEtcd.start(extraArguments: ["--no-such-flag"], timeout: .seconds(30))
        }
        #expect(error.description.contains("m0 has exited"))
        #expect(error.description.contains("no-such-flag"))
    }
}
