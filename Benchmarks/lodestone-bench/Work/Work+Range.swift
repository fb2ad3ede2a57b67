import Etcd
import Glibc

extension Work {
    /// Reads all keys and writes keys and values to standard output, a line each, as `etcdctl get --prefix ''` does.
    static func range(_ url: String, keys: Int) async throws {
        try await withClient(url) { client in
            var lines: [UInt8] = []
            lines.reserveCapacity(2 << 20)
            let summary = try await KeyspaceReader(EtcdEndpoints(client), .all).forEachKeyValue { pair in
                lines.append(contentsOf: pair.key)
                lines.append(10)
                lines.append(contentsOf: pair.value)
                lines.append(10)
                if lines.count >= 1 << 20 {
                    guard write(STDOUT_FILENO, lines, lines.count) == lines.count else {
                        throw BenchError("standard output cannot be written")
                    }
                    lines.removeAll(keepingCapacity: true)
                }
            }
            guard write(STDOUT_FILENO, lines, lines.count) == lines.count, summary.keys == keys else {
                throw BenchError("\(summary.keys) of \(keys) keys were read")
            }
        }
    }
}
