import TestSupport

@testable import Etcd

/// Random writes through `etcdctl`: updates, deletions, transactions and leases over a small set of keys.
struct Workload {
    let etcd: RealEtcd
    var random = SeededRandom(seed: 7)

    /// One transaction of puts and deletes per round; now and then a deletion by prefix, a lease, or a lease's end.
    mutating func run(rounds: Int, keys: Int = 60) async throws {
        for round in 0..<rounds {
            var script = "set -e\n"
            script += "\(etcdctl) txn >/dev/null <<'END'\n\n\(operations(keys: keys))\n\n\nEND\n"
            switch round % 6 {
            case 1:
                script +=
                    "\(etcdctl) del --prefix /registry/pods/ns-\(Int.random(in: 0..<8, using: &random))/ >/dev/null\n"
            case 2:
                script += "lease=$(\(etcdctl) lease grant 3600 | cut -d' ' -f2)\n"
                script += "\(etcdctl) put --lease=$lease /registry/leases/l\(round) held >/dev/null\n"
                script += "\(etcdctl) put --lease=$lease \(key(keys)) held >/dev/null\n"
                if round % 12 == 2 { script += "\(etcdctl) lease revoke $lease >/dev/null\n" }
            default: break
            }
            let result = try await ChildProcess.run(
                "/bin/sh", ["-c", script],
                environment: [
                    "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "ETCDCTL_DIAL_TIMEOUT": "20s",
                    "PATH": "/usr/bin:/bin",
                ])
            guard result.status == 0 else { throw TestSupportError("the workload failed: \(result.errors)") }
        }
    }

    private var etcdctl: String {
        "\(etcd.version.directory ?? "/usr/bin")/etcdctl --endpoints \(etcd.endpoints.joined(separator: ","))"
    }

    private mutating func operations(keys: Int) -> String {
        var names: Set<String> = []
        for _ in 0..<Int.random(in: 1...40, using: &random) { names.insert(key(keys)) }
        return names.sorted().map { name in
            Int.random(in: 0..<5, using: &random) == 0
                ? "del \(name)"
                : "put \(name) \(String(repeating: "v", count: Int.random(in: 1..<900, using: &random)))"
        }.joined(separator: "\n")
    }

    private mutating func key(_ keys: Int) -> String {
        let number = Int.random(in: 0..<keys, using: &random)
        return "/registry/pods/ns-\(number % 8)/pod-\(number)"
    }
}
